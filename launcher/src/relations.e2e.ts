import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform?.stop());

async function signIn(email: string) {
  const token = await platform.signIn('portal', email);
  return (query: string, variables = {}) => platform.ask(query, { variables, token, entrance: 'portal' });
}

test('a customer who has assignees is written about by those only; their names come from auth', async () => {
  const support = await signIn('support@example.com');
  const operations = await signIn('operations@example.com');
  const customers = await operations('{ customers(first: 1) { edges { node { id } } } portalMe { id } }');
  const customerId: string = customers.body.data.customers.edges[0].node.id;
  const input = { customerId, staffId: customers.body.data.portalMe.id };
  const note =
    'mutation ($input: AddSupportNoteInput!) { addSupportNote(input: $input) { author { email } } }';
  const addNote = (ask: typeof support) => ask(note, { input: { customerId, body: 'Called.' } });

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
