import { readSubgraphSdl } from '@signet/schema/sdl';
import { subgraphs } from '@signet/schema/subgraphs';
import { customScalars } from '@signet/service';
import { postGraphql } from '@signet/testing';
import { Kind, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ INTROSPECTION: 'yes' });
});
afterAll(() => gateway.stop());

async function ask(query: string, variables: Record<string, unknown> = {}) {
  gateway.takeCalls();
  const sent = { query, variables };
  return postGraphql(`${gateway.urls.portal}/graphql`, sent, { token: gateway.tokens.staff });
}

const day = (date: string) => `${date}T00:00:00Z`;
const siblings = 'portalHealth dashboard { customers }';
const events = (filter: string) => `auditLog(first: 1, filter: { ${filter} }) { edges { cursor } }`;

describe('a date that does not exist', () => {
  it.each([
    [
      'a variable',
      `query ($d: DateTime) { ${siblings} ${events('until: $d')} }`,
      { d: day('2026-02-30') },
      'until',
    ],
    ['a literal', `{ ${siblings} ${events(`since: "${day('2026-11-31')}"`)} }`, {}, 'since'],
    [
      'an input object',
      `query ($f: AuditLogFilter) { ${siblings} auditLog(first: 1, filter: $f) { edges { cursor } } }`,
      { f: { since: '2026-01-01T24:00:00Z' } },
      'since',
    ],
    ['a default', `query ($d: DateTime = "soon") { ${siblings} ${events('until: $d')} }`, {}, 'until'],
    [
      'an operation that asks for the schema too',
      `query ($d: DateTime) { __schema { queryType { name } } ${events('until: $d')} }`,
      { d: day('2026-02-30') },
      'until',
    ],
  ])(
    'is refused as the field that takes it, before any subgraph is asked: %s',
    async (_, query, variables, field) => {
      for (let round = 0; round < 2; round += 1) {
        const { status, body } = await ask(query, variables);
        expect(status).toBe(400);
        expect(body.errors).toEqual([
          expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', reason: `input.${field}` } }),
        ]);
        expect(JSON.stringify(body)).not.toMatch(/2026-02-30|2026-11-31|24:00|soon/);
        expect(gateway.takeCalls()).toEqual([]);
      }
    },
  );

  it('is refused and the right one passed on as it was sent, beside what the schema answers', async () => {
    const query = `query ($d: DateTime) { __schema { queryType { name } } ${events('until: $d')} }`;
    const { status, body } = await ask(query, { d: '2026-02-28T00:00:00+02:00' });
    expect([status, body.errors]).toEqual([200, undefined]);
    expect(gateway.takeCalls()).toEqual(['portal']);
  });
});

it('knows every scalar that a subgraph defines', () => {
  const defined = subgraphs.flatMap(({ name }) =>
    parse(readSubgraphSdl(name)).definitions.flatMap((definition) =>
      definition.kind === Kind.SCALAR_TYPE_DEFINITION ? [definition.name.value] : [],
    ),
  );
  expect(defined).toContain('DateTime');
  expect(defined.filter((name) => !Object.hasOwn(customScalars, name))).toEqual([]);
});
