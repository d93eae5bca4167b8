import { readFileSync } from 'node:fs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import { type FieldDefinitionNode, Kind, parse, print } from 'graphql';
import { expect, test } from 'vitest';
import { readFieldPlatforms } from '../access/field-platforms.ts';
import { createFetchPlatform } from './auth-route.ts';

const supergraph = parse(readFileSync(supergraphPath('graph'), 'utf8'));
const platformOf = createFetchPlatform(readFieldPlatforms(supergraph));
const entities =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }';

test.each([
  ['{ me { id } }', 'user'],
  ['{ portalMe { id } }', 'portal'],
  ['query portalMe { me { id } }', 'user'],
  ['{ portalMe: me { id } }', 'user'],
  ['{ me: portalMe { id } }', 'portal'],
  ['{ __typename }', 'user'],
  ['{ __typename portalMe { id } }', 'portal'],
  ['query ($if: Boolean!) { ... on Query @include(if: $if) { portalMe { id } } }', 'portal'],
  ['{ ...F } fragment F on Query { ... { portalMe { id } } }', 'portal'],
  ['mutation { login(input: {}) { accessToken } }', 'user'],
  ['mutation { portalLogin(input: {}) { accessToken } }', 'portal'],
  ['mutation { portalRefresh { accessToken } }', 'portal'],
  ['mutation { portalLogout }', 'portal'],
  ['mutation { logout }', 'user'],
] as const)('sends %s to the %s process', (query, platform) => {
  for (let time = 0; time < 2; time += 1) {
    expect(platformOf({ query, variables: undefined })).toBe(platform);
  }
});

test('every root field of auth names the platform whose process answers it', () => {
  const namesPlatform = (field: FieldDefinitionNode) =>
    (field.directives ?? []).some(({ name }) => name.value === 'tag' || name.value === 'platform');
  const ofAuth = supergraph.definitions.flatMap((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION && ['Query', 'Mutation'].includes(node.name.value)
      ? (node.fields ?? []).filter((field) => /graph: AUTH\b/.test(print(field)))
      : [],
  );
  expect(ofAuth.length).toBeGreaterThan(10);
  expect(ofAuth.filter((field) => !namesPlatform(field)).map(({ name }) => name.value)).toEqual([]);
});

test.each([
  ['User', 'user'],
  ['StaffMember', 'portal'],
  ['Nothing', 'user'],
] as const)('sends entities of type %s to the %s process', (__typename, platform) => {
  expect(platformOf({ query: entities, variables: { representations: [{ __typename, id: '1' }] } })).toBe(
    platform,
  );
});

test.each([undefined, {}, { representations: [] }, { representations: [null] }])(
  'sends entities of no type to the user process: %j',
  (variables) => {
    expect(platformOf({ query: entities, variables })).toBe('user');
  },
);

test("a client's variable named representations does not turn a fetch", () => {
  const variables = { representations: [{ __typename: 'User' }] };
  expect(platformOf({ query: '{ portalMe { id } }', variables })).toBe('portal');
});

test('many different fetches do not fill the memory or mix', () => {
  for (let index = 0; index < 3000; index += 1) {
    expect(platformOf({ query: `query Q${index} { portalMe { id } }`, variables: undefined })).toBe('portal');
  }
});

test.each(['@platform(is: PORTAL)', '@tag(name: "portal")', '@tag(name: "internal") @tag(name: "portal")'])(
  'reads the platform from %s',
  (directive) => {
    const other = createFetchPlatform(readFieldPlatforms(parse(`type Query { a: Int ${directive} b: Int }`)));
    expect(other({ query: '{ a }', variables: undefined })).toBe('portal');
    expect(other({ query: '{ b }', variables: undefined })).toBe('user');
  },
);
