import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHome, findFreePortBase } from './platform.test-support.ts';
import { type RunningPlatform, startPlatform } from './start-platform.ts';

const password = 'correct horse battery staple';
let home: Awaited<ReturnType<typeof createHome>>;
let platform: RunningPlatform;
let portBase: number;

beforeAll(async () => {
  home = await createHome();
  portBase = await findFreePortBase();
  platform = await startPlatform(
    { PORT_BASE: String(portBase), SIGNET_HOME: home.path, LOG_LEVEL: 'fatal' },
    { print: () => {} },
  );
});
afterAll(async () => {
  await platform?.stop();
  await home?.remove();
});

/** Asks at the entrance of the caller's own platform. */
type Ask = (query: string, variables?: Record<string, unknown>) => ReturnType<typeof postGraphql>;

async function signIn(platformName: 'user' | 'portal', email: string): Promise<Ask> {
  const url = `http://127.0.0.1:${portBase + (platformName === 'user' ? 1 : 2)}/graphql`;
  const field = platformName === 'user' ? 'login' : 'portalLogin';
  const query = `mutation ($email: String!, $password: String!) {
    result: ${field}(input: { email: $email, password: $password }) { accessToken } }`;
  const { body } = await postGraphql(url, { query, variables: { email, password } });
  const token: string = body.data.result.accessToken;
  return (question, variables = {}) => postGraphql(url, { query: question, variables }, { token });
}

test('a shared order is read by who it was shared with, until it is taken back; they cancel nothing', async () => {
  const ada = await signIn('user', 'ada@example.com');
  const other = await signIn('user', 'mira.solberg@example.com');
  const mine = await ada('{ myOrders(first: 1) { edges { node { id } } } }');
  const orderId: string = mine.body.data.myOrders.edges[0].node.id;
  const { body } = await other('{ me { id } }');
  const input = { orderId, userId: body.data.me.id };
  const read =
    'query ($id: ID!) { order(id: $id) { id items { quantity product { name } } customer { id } } }';
  const share = 'mutation ($input: ShareOrderInput!) { shareOrder(input: $input) { sharedWith { id } } }';
  const unshare =
    'mutation ($input: UnshareOrderInput!) { unshareOrder(input: $input) { sharedWith { id } } }';

  expect((await other(read, { id: orderId })).body).toEqual({ data: { order: null } });
  const shared = await ada(share, { input });
  expect(shared.body).toEqual({ data: { shareOrder: { sharedWith: [{ id: input.userId }] } } });
  const seen = await other(read, { id: orderId });
  expect(seen.body).toEqual((await ada(read, { id: orderId })).body);
  expect(seen.body.data.order.items[0].product.name).toEqual(expect.any(String));

  const cancel = await other('mutation ($id: ID!) { cancelOrder(id: $id) { id } }', { id: orderId });
  expect(reasonsOf(cancel)).toEqual(['input.id']);
  const asked = await other('query ($id: ID!) { order(id: $id) { id sharedWith { id } } }', { id: orderId });
  expect(reasonsOf(asked)).toEqual(['authz.permission.deny']);
  expect(asked.body.data.order).toEqual({ id: orderId, sharedWith: null });

  await ada(unshare, { input });
  expect((await other(read, { id: orderId })).body).toEqual({ data: { order: null } });
});

test('a customer who has assignees is written about by those only; their names come from auth', async () => {
  const support = await signIn('portal', 'support@example.com');
  const operations = await signIn('portal', 'operations@example.com');
  const customers = await operations('{ customers(first: 1) { edges { node { id } } } portalMe { id } }');
  const customerId: string = customers.body.data.customers.edges[0].node.id;
  const input = { customerId, staffId: customers.body.data.portalMe.id };
  const note =
    'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { author { email } } }';
  const addNote = (ask: Ask) => ask(note, { input: { customerId, body: 'Called.' } });

  expect(reasonsOf(await addNote(support))).toEqual([]);
  const assigned = await operations(
    'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input) { assignees { email role } } }',
    { input },
  );
  expect(assigned.body.data.assignCustomer.assignees).toEqual([
    { email: 'operations@example.com', role: 'operations' },
  ]);
  expect(reasonsOf(await addNote(support))).toEqual(['authz.permission.deny']);
  expect((await addNote(operations)).body.data.addSupportNote.author.email).toBe('operations@example.com');
});
