import { createLogger, type Logger, type RunningServer } from '@signet/service';
import type { SubgraphConfig } from '@signet/subgraph';
import {
  type Caller,
  type GraphqlAnswer,
  postGraphql,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const addNote = `
  mutation add($customerId: ID!, $body: String!) {
    addSupportNote(input: { customerId: $customerId, body: $body }) { id }
  }`;
const listCustomers = '{ customers(first: 1) { edges { cursor } } }';

let subgraph: TestSubgraph;
let ada: Caller;
let boss: Caller;
const others: RunningServer[] = [];
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
  boss = await subgraph.addStaff('super_admin');
});
afterAll(async () => {
  await Promise.all(others.map((server) => server.stop()));
  await subgraph.stop();
});

async function startReplica(changes: Partial<SubgraphConfig> = {}, logger?: Logger): Promise<string> {
  const server = await definition.start(
    { ...subgraph.config, ...changes },
    logger ?? createLogger('test', 'silent'),
  );
  others.push(server);
  return `${server.url}/graphql`;
}

/** A request captured on its way. Each call of the result sends it again. */
function capture(request: { query: string; variables?: object; operationName?: string }, caller = boss) {
  const body = JSON.stringify(request);
  const headers = subgraph.gatewayOf('graph').headersOf({ url: subgraph.url, body, token: caller.token });
  return async (url = subgraph.url): Promise<GraphqlAnswer> => {
    const response = await fetch(url, { method: 'POST', headers, body });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as GraphqlAnswer['body'],
    };
  };
}

const captureNote = (body: string) => capture({ query: addNote, variables: { customerId: ada.id, body } });

const countNotes = async () =>
  (await subgraph.database.query('select count(*)::integer as count from portal.support_note'))[0]
    .count as number;

describe('a captured mutation', () => {
  it('is taken in once', async () => {
    const send = captureNote('first');
    const before = await countNotes();
    expect(reasonsOf(await send())).toEqual([]);
    for (let n = 0; n < 3; n++) {
      const again = await send();
      expect([again.status, reasonsOf(again)]).toEqual([401, ['auth.failure.replay']]);
    }
    expect(await countNotes()).toBe(before + 1);
  });

  it('runs once in all replicas together, in the first that gets it', async () => {
    const urls = [subgraph.url, await startReplica(), await startReplica()];
    for (let round = 0; round < 5; round++) {
      const send = captureNote(`replicas ${round}`);
      const answers = await Promise.all([...urls, ...urls].map(send));
      const outcomes = answers.map((answer) => reasonsOf(answer)[0] ?? 'done').sort();
      expect(outcomes).toEqual([...Array(5).fill('auth.failure.replay'), 'done']);
    }
  });

  it('is known by the operation that runs, not by what stands beside it', async () => {
    const query = `query look { customers(first: 1) { totalCount: __typename } } ${addNote}`;
    const variables = { customerId: ada.id, body: 'beside' };
    const mutation = capture({ query, variables, operationName: 'add' });
    expect(reasonsOf(await mutation())).toEqual([]);
    expect(reasonsOf(await mutation())).toEqual(['auth.failure.replay']);
    const look = capture({ query, variables, operationName: 'look' });
    expect(reasonsOf(await look())).toEqual([]);
    expect(reasonsOf(await look())).toEqual([]);
  });

  it('cannot be used up by a sender who cannot sign it', async () => {
    const request = { query: addNote, variables: { customerId: ada.id, body: 'forged' } };
    const body = JSON.stringify(request);
    const headers = subgraph.gatewayOf('graph').headersOf({ url: subgraph.url, body, token: boss.token });
    const forged = await fetch(subgraph.url, { method: 'POST', headers, body: `${body} ` });
    expect(forged.status).toBe(401);
    const honest = await fetch(subgraph.url, { method: 'POST', headers, body });
    expect(((await honest.json()) as { errors?: unknown }).errors).toBeUndefined();
  });

  it('is refused while nobody can say whether it came before', async () => {
    const gone = new URL(subgraph.config.DATABASE_URL);
    gone.port = '1';
    const url = await startReplica({ DATABASE_URL: gone.href });
    const answer = await captureNote('gone')(url);
    expect([answer.status, reasonsOf(answer)]).toEqual([503, ['service.unavailable']]);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answer.body.data).toBeUndefined();
  });

  it('leaves a row that housekeeping finds', async () => {
    await captureNote('row')();
    const rows = await subgraph.database.query(
      `select extract(epoch from expires_at - now())::integer as left, length(nonce) from portal.proof_nonce`,
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { left, length } of rows) {
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(61);
      expect(length).toBe(22);
    }
  });
});

it('a captured query gives no more than it gave before, and costs no row', async () => {
  const send = capture({ query: listCustomers });
  const count = async () => (await subgraph.database.query('select nonce from portal.proof_nonce')).length;
  const before = await count();
  expect(reasonsOf(await send())).toEqual([]);
  expect(reasonsOf(await send())).toEqual([]);
  expect(await count()).toBe(before);
});

describe('an entrance for one platform', () => {
  const all = { query: listCustomers };
  /** A field of both platforms, of the caller's own row: customers have no field of their own in this subgraph. */
  const own = () => ({
    query: `{ _entities(representations: [{ __typename: "User", id: "${ada.id}" }]) { ... on User { email } } }`,
  });
  const reasonAt = async (entrance: 'graph' | 'user' | 'portal', request: object, caller?: Caller) => {
    const answer = await subgraph
      .gatewayOf(entrance)
      .post(subgraph.url, request as { query: string }, { token: caller?.token });
    return reasonsOf(answer)[0] ?? 'done';
  };

  it.each([
    ['user', 'its own', 'done', 'auth.failure.proof_invalid'],
    ['portal', "the other's", 'auth.failure.proof_invalid', 'done'],
    ['graph', 'both', 'done', 'done'],
  ] as const)(
    '%s: is believed to have tokens and fields of %s',
    async (entrance, _which, customers, staff) => {
      expect(await reasonAt(entrance, own(), ada)).toBe(customers);
      expect(await reasonAt(entrance, all, boss)).toBe(staff);
    },
  );

  it("may not send the other platform's token even where it asks for nothing", async () => {
    const nothing = { query: '{ __typename }' };
    expect(await reasonAt('user', nothing, boss)).toBe('auth.failure.proof_invalid');
    expect(await reasonAt('portal', nothing, ada)).toBe('auth.failure.proof_invalid');
  });

  it("may not ask for the other platform's fields even with its own token, or with none", async () => {
    expect(await reasonAt('user', all, ada)).toBe('auth.failure.proof_invalid');
    expect(await reasonAt('user', all)).toBe('auth.failure.proof_invalid');
  });
});

it('logs replays and what an entrance may not have, with the name of the sender', async () => {
  const lines: object[] = [];
  const logger = createLogger('test', 'silent');
  const warn = (fields: unknown) => void (typeof fields === 'object' && fields && lines.push(fields));
  const url = await startReplica({}, Object.assign(Object.create(logger), { warn }));
  const send = captureNote('told');
  for (let n = 0; n < 3; n++) await send(url);
  const all = { query: listCustomers };
  await subgraph.gatewayOf('user').post(url, all, { token: ada.token });
  await subgraph.gatewayOf('user').post(url, all, { token: boss.token });
  expect(lines).toEqual(
    expect.arrayContaining([
      { reason: 'auth.failure.replay', why: undefined, times: 1, from: 'gateway-graph' },
      {
        reason: 'auth.failure.proof_invalid',
        why: 'the entrance user serves nothing of the platform portal',
        times: 1,
        from: 'gateway-user',
      },
    ]),
  );
  expect(lines.filter((line) => 'reason' in line)).toHaveLength(2);
});

describe('REQUIRE_PROOF=no', () => {
  it('accepts unsigned requests, and warns of it when it starts', async () => {
    const lines: unknown[] = [];
    const logger = createLogger('test', 'silent');
    const warn = (...line: unknown[]) => void lines.push(...line);
    const url = await startReplica({ REQUIRE_PROOF: false }, Object.assign(Object.create(logger), { warn }));
    expect(lines).toContainEqual(expect.stringContaining('REQUIRE_PROOF=no'));
    const request = { query: listCustomers };
    expect(reasonsOf(await postGraphql(url, request, { token: boss.token }))).toEqual([]);
    expect(reasonsOf(await postGraphql(subgraph.url, request, { token: boss.token }))).toEqual([
      'auth.failure.proof_missing',
    ]);
  });
});
