import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { takeRequestIds } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway, type Who } from '../entrance/entrance.test-support.ts';

/** The same gateway with each executor. */
let [signet, apollo] = [] as unknown as [TestGateway, TestGateway];
beforeAll(async () => {
  [signet, apollo] = await Promise.all([
    startTestGateway({ EXECUTOR: 'signet' }),
    startTestGateway({ EXECUTOR: 'apollo' }),
  ]);
});
afterAll(() => Promise.all([signet?.stop(), apollo?.stop()]));

async function ask(to: TestGateway, who: Who, query: string, variables = {}) {
  const token = who === 'anonymous' ? undefined : to.tokens[who];
  const answer = await fetch(`${to.urls.graph}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return { status: answer.status, body: takeRequestIds((await answer.json()) as object, answer) };
}

const page = `query ($with: Boolean = true) {
  products(first: 2) { totalCount edges { node { id n: name @include(if: $with) stock { available } } } }
}`;

test.each<[string, Who, string, object?]>([
  ['fields of two subgraphs', 'customer', page],
  ['a condition', 'customer', page, { with: false }],
  ['a token', 'customer', '{ me { id email } }'],
  ['a mutation', 'customer', 'mutation { logout }'],
  ['an introspection', 'staff', '{ __type(name: "Product") { name kind } }'],
  ['a refusal', 'customer', '{ dashboard { customers } }'],
  ['a refusal of nobody', 'anonymous', '{ me { id } }'],
  ['an invalid document', 'customer', '{ nothing }'],
  ['a value of another type', 'customer', page, { with: 7 }],
])('EXECUTOR=apollo answers as our own executor does: %s', async (_, who, query, variables) => {
  // The second time our own is in the fast lane.
  await ask(signet, who, query, variables);
  const [own, theirs] = [await ask(signet, who, query, variables), await ask(apollo, who, query, variables)];
  expect(theirs).toEqual(own);
  expect(JSON.stringify(own.body)).not.toContain('INTERNAL');
});

test('EXECUTOR=apollo runs everything in the lane of Apollo Server', async () => {
  const lanes: string[] = [];
  const follow = (message: unknown) => void lanes.push((message as { lane: string }).lane);
  subscribe('signet.answer', follow);
  for (let turn = 0; turn < 3; turn += 1) await ask(apollo, 'customer', '{ me { id } }');
  unsubscribe('signet.answer', follow);
  expect(lanes).toEqual(['apollo', 'apollo', 'apollo']);
});
