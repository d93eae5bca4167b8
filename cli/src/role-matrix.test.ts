import { readFileSync } from 'node:fs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { expect, test } from 'vitest';
import { generateRoleMatrix } from './role-matrix.ts';

type Row = { type: string; field: string; subgraph: string; text: string; roles: Record<string, string> };

function rowsOf(sdl: string): Map<string, Row> {
  const rows = [...generateRoleMatrix(sdl).matchAll(/^ {2}(\{"type".*\}),$/gm)].map(
    ([, text]) => JSON.parse(text ?? '') as Row,
  );
  return new Map(rows.map((row) => [`${row.type}.${row.field}`, row]));
}

const head = `
  enum join__Graph { ONE @join__graph(name: "one", url: "") TWO @join__graph(name: "two", url: "") }
  enum access__Platform { USER PORTAL }`;

test('has every operation of the entrance with its subgraph, and none of the other platform', () => {
  const rows = rowsOf(readFileSync(supergraphPath('portal'), 'utf8'));
  expect(rows.get('Query.staffMembers')).toMatchObject({
    subgraph: 'auth',
    text: 'Everyone who works for the tenant, by e-mail, a page at a time.',
    roles: { support: 'no', operations: 'no', super_admin: 'yes' },
    scopes: [[['staff:write']]],
    isPublic: false,
  });
  expect(rows.get('Mutation.deactivateStaff')).toMatchObject({ recentSeconds: 300 });
  expect(rows.get('Mutation.portalLogin')).toMatchObject({ isPublic: true });
  expect(rows.has('Mutation.login')).toBe(false);
});

test('has a field that a role may not have of a type that it gets at, and no other one', () => {
  const rows = rowsOf(`${head}
    type Query @join__type(graph: ONE) {
      things: [Thing!] @platform(is: PORTAL)
      secrets: Secret @platform(is: PORTAL) @requiresScopes(scopes: [["staff:write"]])
    }
    type Thing @join__type(graph: ONE) @join__type(graph: TWO) {
      name: String @platform(is: PORTAL) @join__field(graph: ONE)
      "Its price. For few."
      price: Int @platform(is: PORTAL) @requiresScopes(scopes: [["customers:write"]]) @join__field(graph: TWO)
      owner: String @platform(is: PORTAL) @policy(policies: [["thing.owner"]]) @join__field(graph: ONE)
    }
    type Secret @join__type(graph: ONE) { text: String @platform(is: PORTAL) @requiresScopes(scopes: [["staff:write"]]) }`);
  expect([...rows.keys()]).toEqual(['Query.things', 'Query.secrets', 'Thing.price', 'Thing.owner']);
  expect(rows.get('Thing.price')).toMatchObject({
    subgraph: 'two',
    text: 'Its price.',
    roles: { support: 'no', operations: 'yes', super_admin: 'yes' },
  });
  expect(rows.get('Thing.owner')).toMatchObject({
    roles: { support: 'policy', operations: 'policy', super_admin: 'policy' },
    policies: [[['thing.owner']]],
  });
});

test('says the rule of a type once', () => {
  const rows = rowsOf(`${head}
    type Query @join__type(graph: ONE) { thing: Thing @platform(is: PORTAL) }
    "What is for few."
    type Thing @join__type(graph: ONE) @platform(is: PORTAL) @policy(policies: [["thing.owner"]]) {
      id: ID
      name: String
      price: Int @requiresScopes(scopes: [["staff:write"]])
    }`);
  expect([...rows.keys()]).toEqual(['Query.thing', 'Thing.*', 'Thing.price']);
  expect(rows.get('Thing.*')).toMatchObject({ text: 'What is for few.' });
});
