import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const addQuery = `
  mutation ($customerId: ID!, $body: String!) {
    addSupportNote(input: { customerId: $customerId, body: $body }) { id body createdAt author { id } }
  }`;
const notesQuery = `
  query ($id: ID!, $first: Int! = 100, $after: String) {
    customer(id: $id) {
      supportNotes(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        edges { node { body author { id } } }
      }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let ada: Caller;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

const add = (customerId: string, body: string, caller = staff) =>
  subgraph.ask(addQuery, { customerId, body }, caller);

describe('addSupportNote', () => {
  it("writes a note in the caller's name", async () => {
    const customer = await subgraph.addCustomer();
    const { body } = await add(customer.id, "Called about Robert'); drop table 😀\n");
    expect(body.data.addSupportNote).toMatchObject({
      body: "Called about Robert'); drop table 😀",
      author: { id: staff.id },
    });
    const notes = await subgraph.ask(notesQuery, { id: customer.id }, staff);
    expect(notes.body.data.customer.supportNotes.edges).toHaveLength(1);
  });

  it('refuses customers that do not exist or are of another tenant', async () => {
    const stranger = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
    for (const id of [unknownId, stranger.id]) {
      expect(reasonsOf(await add(id, 'Hello'))).toEqual(['input.customerId']);
    }
  });

  it.each(
    titled([
      ['', 'input.body'],
      [' \n ', 'input.body'],
      ['a\0', 'input.body'],
      ['a'.repeat(4001), 'input.body'],
      ['a'.repeat(10_240), 'input.body'],
    ]),
  )('refuses the body %s', async (_title, body, reason) => {
    expect(reasonsOf(await add(ada.id, body))).toEqual([reason]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.customerId', (id) => add(id, 'Hello'));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: addQuery, variables: { customerId: unknownId, body: 'Hello' } },
    scope: 'notes:write',
  });
});

describe('deleteSupportNote', () => {
  const deleteQuery = 'mutation ($id: ID!) { deleteSupportNote(id: $id) }';
  const remove = (id: string, caller = staff) => subgraph.ask(deleteQuery, { id }, caller);
  const addNote = async (customerId: string): Promise<string> =>
    (await add(customerId, 'Called.')).body.data.addSupportNote.id;

  it('deletes a note of one’s own, and the audit log says so without its text', async () => {
    const customer = await subgraph.addCustomer();
    const id = await addNote(customer.id);
    const other = await addNote(customer.id);
    expect((await remove(id)).body.data.deleteSupportNote).toBe(true);
    const left = await subgraph.database.query('select id from portal.support_note where user_id = $1', [
      customer.id,
    ]);
    expect(left).toEqual([{ id: other }]);
    const events = await subgraph.database.query(
      'select kind, actor_id, details from auth.audit_event where subject_id = $1',
      [customer.id],
    );
    expect(events).toEqual([
      { kind: 'auth.customer.note_deleted', actor_id: staff.id, details: { note: id } },
    ]);
    expect(reasonsOf(await remove(id))).toEqual(['input.id']);
  });

  it('deletes none of a colleague, whatever the role, none of another tenant, and none after the session', async () => {
    const customer = await subgraph.addCustomer();
    const id = await addNote(customer.id);
    const admin = await subgraph.addStaff('super_admin');
    const foreign = await subgraph.addStaff('support', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await remove(id, admin))).toEqual(['input.id']);
    expect(reasonsOf(await remove(id, foreign))).toEqual(['input.id']);
    const leaver = await subgraph.addStaff('support');
    const theirs = (await add(customer.id, 'Mine.', leaver)).body.data.addSupportNote.id;
    await subgraph.database.query(
      `update auth.portal_session set ended_at = now(), end_reason = 'ended' where staff_id = $1`,
      [leaver.id],
    );
    expect(reasonsOf(await remove(theirs, leaver))).toEqual(['auth.failure.revoked']);
    const left = await subgraph.database.query('select from portal.support_note where user_id = $1', [
      customer.id,
    ]);
    expect(left).toHaveLength(2);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.id', (id) => remove(id));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: deleteQuery, variables: { id: unknownId } },
    scope: 'notes:write',
  });
});

describe('supportNotes', () => {
  it('are each met once on a walk through notes of the same moment, latest first', async () => {
    await subgraph.database.query(
      `insert into portal.support_note (tenant_id, user_id, staff_id, body, created_at)
       select $1, $2, $3, 'Note ' || n, timestamptz '2026-01-01 00:00:00.123456Z' + (n / 3) * interval '1 microsecond'
       from generate_series(1, 11) as n`,
      [subgraph.tenants.demo, ada.id, staff.id],
    );
    const rows = await subgraph.database.query(
      'select body from portal.support_note where user_id = $1 order by created_at desc, id desc',
      [ada.id],
    );
    const met: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await subgraph.ask(notesQuery, { id: ada.id, first: 2, after }, staff);
      const { edges, pageInfo } = body.data.customer.supportNotes;
      met.push(...edges.map((edge: { node: { body: string } }) => edge.node.body));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(met).toEqual(rows.map((row) => row.body));
  });

  it.each(
    titled([
      [{ first: 0 }, 'input.first'],
      [{ after: 'x' }, 'input.after'],
    ]),
  )('refuse %s', async (_title, variables, reason) => {
    const answer = await subgraph.ask(notesQuery, { id: ada.id, ...variables }, staff);
    expect(reasonsOf(answer)).toEqual([reason]);
    expect(answer.body.data.customer).toEqual({ supportNotes: null });
  });
});
