import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const inputOf = '{ customerId: $customerId, staffId: $staffId }';
const assignQuery = `
  mutation ($customerId: ID!, $staffId: ID!) { assignCustomer(input: ${inputOf}) { id assignees { id } } }`;
const unassignQuery = `
  mutation ($customerId: ID!, $staffId: ID!) { unassignCustomer(input: ${inputOf}) { id assignees { id } } }`;
const noteQuery = `
  mutation ($customerId: ID!) { addSupportNote(input: { customerId: $customerId, body: "Called." }) { author { id } } }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let sentSql: string[] = [];
let support: Caller;
let colleague: Caller;
let operations: Caller;
let admin: Caller;
let stranger: Caller;
let foreignStaff: Caller;
let customer: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition, { onQuery: (sql) => sentSql.push(sql) });
  const { globex } = subgraph.tenants;
  [support, colleague, operations, admin, stranger, foreignStaff] = await Promise.all([
    subgraph.addStaff('support'),
    subgraph.addStaff('support'),
    subgraph.addStaff('operations'),
    subgraph.addStaff('super_admin'),
    subgraph.addCustomer({ tenantId: globex }),
    subgraph.addStaff('operations', { tenantId: globex }),
  ]);
});
afterAll(() => subgraph.stop());

const isAboutRelations = (sql: string) => sql.includes('relation_tuple');
beforeEach(async () => {
  customer = await subgraph.addCustomer();
});

const assign = (staffId: string, caller = operations, customerId = customer.id) =>
  subgraph.ask(assignQuery, { customerId, staffId }, caller);
const unassign = (staffId: string, caller = operations, customerId = customer.id) =>
  subgraph.ask(unassignQuery, { customerId, staffId }, caller);
const addNote = (caller: Caller, customerId = customer.id) => subgraph.ask(noteQuery, { customerId }, caller);
const countTuples = async () =>
  (await subgraph.database.query('select from access.relation_tuple where object = $1', [customer.id]))
    .length;

describe('assignCustomer', () => {
  it('makes a member of staff responsible, as operations and super admins may', async () => {
    const { body } = await assign(support.id);
    expect(body).toEqual({ data: { assignCustomer: { id: customer.id, assignees: [{ id: support.id }] } } });
    const more = await assign(colleague.id, admin);
    expect(more.body.data.assignCustomer.assignees).toEqual([{ id: support.id }, { id: colleague.id }]);
  });

  it('says the same when asked again, and keeps one tuple', async () => {
    const first = await assign(support.id);
    expect((await assign(support.id.toUpperCase(), admin, customer.id.toUpperCase())).body).toEqual(
      first.body,
    );
    expect(await countTuples()).toBe(1);
  });

  it('refuses customers and staff that are unknown or of another tenant, and one for the other', async () => {
    for (const id of [unknownId, stranger.id, support.id]) {
      expect(reasonsOf(await assign(support.id, operations, id))).toEqual(['input.customerId']);
      expect(reasonsOf(await unassign(support.id, operations, id))).toEqual(['input.customerId']);
    }
    for (const id of [unknownId, foreignStaff.id, customer.id]) {
      expect(reasonsOf(await assign(id))).toEqual(['input.staffId']);
    }
    expect(await countTuples()).toBe(0);
  });

  it('refuses a member who was deactivated', async () => {
    const leaver = await subgraph.addStaff('support');
    await subgraph.database.query('update auth.portal_user set is_active = false where id = $1', [leaver.id]);
    expect(reasonsOf(await assign(leaver.id))).toEqual(['input.staffId']);
    expect(await countTuples()).toBe(0);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.customerId', (id) => assign(support.id, operations, id));
    await expectIdsRefused('input.staffId', (id) => assign(id));
  });

  it('refuses support, who lack the scope, also about themselves', async () => {
    expect(reasonsOf(await assign(support.id, support))).toEqual(['authz.scope.deny']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: assignQuery, variables: { customerId: unknownId, staffId: unknownId } },
    scope: 'customers:assign',
  });
});

describe('unassignCustomer', () => {
  it('ends it, and says the same when asked again or when it never was', async () => {
    await assign(support.id);
    await assign(colleague.id);
    const first = await unassign(support.id);
    expect(first.body.data.unassignCustomer).toEqual({ id: customer.id, assignees: [{ id: colleague.id }] });
    expect((await unassign(support.id)).body).toEqual(first.body);
    expect((await unassign(unknownId)).body).toEqual(first.body);
  });

  it('and assignCustomer at once leave it one way or the other, and never fail', async () => {
    for (let round = 0; round < 4; round += 1) {
      const requests = Array.from({ length: 12 }, (_, index) => (index % 2 ? assign : unassign)(support.id));
      expect((await Promise.all(requests)).flatMap(reasonsOf)).toEqual([]);
      expect(await countTuples()).toBeLessThanOrEqual(1);
    }
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.customerId', (id) => unassign(support.id, operations, id));
    await expectIdsRefused('input.staffId', (id) => unassign(id));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: unassignQuery, variables: { customerId: unknownId, staffId: unknownId } },
    scope: 'customers:assign',
  });
});

describe('notes about a customer for whom somebody is responsible', () => {
  it('are written by those, and by super admins; nobody else, in any spelling of the id', async () => {
    await assign(support.id);
    for (const caller of [support, admin]) {
      expect((await addNote(caller)).body.data.addSupportNote).toEqual({ author: { id: caller.id } });
    }
    for (const caller of [colleague, operations]) {
      for (const id of [customer.id, customer.id.toUpperCase()]) {
        expect(reasonsOf(await addNote(caller, id))).toEqual(['authz.permission.deny']);
      }
    }
    const notes = await subgraph.database.query('select from portal.support_note where user_id = $1', [
      customer.id,
    ]);
    expect(notes).toHaveLength(2);
  });

  it('are refused from the next request on to who is no longer responsible', async () => {
    await assign(support.id);
    await assign(colleague.id);
    expect(reasonsOf(await addNote(support))).toEqual([]);
    await unassign(support.id);
    expect(reasonsOf(await addNote(support))).toEqual(['authz.permission.deny']);
    await unassign(colleague.id);
    expect(reasonsOf(await addNote(support))).toEqual([]);
  });

  it('are judged anew after each change in one request', async () => {
    const { body } = await subgraph.ask(
      `mutation ($customerId: ID!, $self: ID!, $staffId: ID!) {
        free: addSupportNote(input: { customerId: $customerId, body: "1" }) { body }
        other: assignCustomer(input: ${inputOf}) { assignees { id } }
        self: assignCustomer(input: { customerId: $customerId, staffId: $self }) { assignees { id } }
        mine: addSupportNote(input: { customerId: $customerId, body: "2" }) { body }
        gone: unassignCustomer(input: { customerId: $customerId, staffId: $self }) { assignees { id } }
        notMine: addSupportNote(input: { customerId: $customerId, body: "3" }) { body }
      }`,
      { customerId: customer.id, self: operations.id, staffId: support.id },
      operations,
    );
    expect(body.errors).toMatchObject([
      { path: ['notMine'], extensions: { reason: 'authz.permission.deny' } },
    ]);
    const rows = await subgraph.database.query('select body from portal.support_note where user_id = $1', [
      customer.id,
    ]);
    expect(rows.map((row) => row.body).sort()).toEqual(['1', '2']);
  });

  it('say nothing new about customers who are unknown or of another tenant', async () => {
    await assign(foreignStaff.id, foreignStaff, stranger.id);
    for (const id of [unknownId, stranger.id]) {
      expect(reasonsOf(await addNote(colleague, id))).toEqual(['input.customerId']);
    }
  });

  it("do not become another's by a tuple of another tenant", async () => {
    await subgraph.database.query('alter table access.relation_tuple disable trigger all');
    const plant = (tenantId: string, staffId: string) =>
      subgraph.database.query(
        `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
         values ($1, 'customer', $2, 'assignee', $3)`,
        [tenantId, customer.id, `staff:${staffId}`],
      );
    await plant(subgraph.tenants.globex, support.id);
    await subgraph.database.query('alter table access.relation_tuple enable trigger all');
    expect(reasonsOf(await addNote(colleague))).toEqual([]);
    await assign(operations.id);
    expect(reasonsOf(await addNote(support))).toEqual(['authz.permission.deny']);
  });
});

describe('assignees', () => {
  const pageQuery =
    'query ($first: Int!) { customers(first: $first) { edges { node { id assignees { id } } } } }';
  const entitiesQuery = `
    query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on User { id assignees { id } } }
    }`;

  it('come from the tuples, whatever a representation says', async () => {
    await assign(support.id);
    const representations = [
      { __typename: 'User', id: customer.id, assignees: [{ __typename: 'StaffMember', id: colleague.id }] },
    ];
    const { body } = await subgraph.ask(entitiesQuery, { representations }, colleague);
    expect(body).toEqual({ data: { _entities: [{ id: customer.id, assignees: [{ id: support.id }] }] } });
  });

  it('are not told to the customer', async () => {
    await assign(support.id);
    const representations = [{ __typename: 'User', id: customer.id }];
    const answer = await subgraph.ask(entitiesQuery, { representations }, customer);
    expect(reasonsOf(answer)).toEqual(['authz.platform.deny']);
    expect(answer.body.data).toEqual({ _entities: [{ id: customer.id, assignees: null }] });
  });

  it('cost one query about relations on a page of 50 as of 1', async () => {
    const others = await Promise.all(Array.from({ length: 50 }, () => subgraph.addCustomer()));
    for (const { id } of others.slice(0, 10)) await assign(support.id, operations, id);
    for (const first of [1, 50]) {
      sentSql = [];
      const statements = await subgraph.countStatements(() => subgraph.ask(pageQuery, { first }, support));
      expect(sentSql.filter(isAboutRelations)).toHaveLength(1);
      // set_config, select: for the customers, and for all their assignees.
      expect(statements).toBe(4);
    }
  });
});
