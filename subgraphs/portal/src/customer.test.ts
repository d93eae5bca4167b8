import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const query = 'query ($id: ID!) { customer(id: $id) { id email fullName isActive } }';
const entities = `
  query ($representations: [_Any!]!, $forStaff: Boolean!) {
    _entities(representations: $representations) {
      ... on User {
        id fullName
        isActive @include(if: $forStaff)
        supportNotes @include(if: $forStaff) { edges { cursor } }
      }
    }
  }`;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let ada: Caller;
let stranger: Caller;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  ada = await subgraph.addCustomer();
  stranger = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

describe('customer', () => {
  it('is given to staff', async () => {
    const { body } = await subgraph.ask(query, { id: ada.id }, staff);
    expect(body.data.customer).toMatchObject({ id: ada.id, fullName: 'A Customer', isActive: true });
  });

  it('is null where there is none, or where it is of another tenant', async () => {
    for (const id of [unknownId, stranger.id, staff.id]) {
      expect((await subgraph.ask(query, { id }, staff)).body).toEqual({ data: { customer: null } });
    }
  });

  it('is refused for a text that is not an id', async () => {
    await expectIdsRefused('input.id', (id) => subgraph.ask(query, { id }, staff));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { id: unknownId } },
    scope: 'customers:read',
  });
});

describe('references to customers', () => {
  const refer = (ids: string[], caller?: Caller, { forStaff = false, more = {} } = {}) =>
    subgraph.ask(
      entities,
      { representations: ids.map((id) => ({ __typename: 'User', id, ...more })), forStaff },
      caller,
    );

  it('give staff everybody of their tenant', async () => {
    const { body } = await refer([ada.id, stranger.id, unknownId, 'x', '\0'], staff, { forStaff: true });
    expect(body.data._entities).toEqual([
      { id: ada.id, fullName: 'A Customer', isActive: true, supportNotes: { edges: [] } },
      null,
      null,
      null,
      null,
    ]);
  });

  it('give customers themselves, as the row says and not as they say', async () => {
    const answer = await refer([ada.id], ada, { more: { full_name: 'Forged', fullName: 'Forged' } });
    expect(answer.body).toEqual({ data: { _entities: [{ id: ada.id, fullName: 'A Customer' }] } });
  });

  it('refuse customers all others, whether they exist or not', async () => {
    const other = await subgraph.addCustomer();
    const answer = await refer([other.id, unknownId, 'x'], ada);
    expect(answer.body.data).toEqual({ _entities: [null, null, null] });
    expect(reasonsOf(answer)).toEqual(['authz.permission.deny', 'authz.permission.deny']);
  });

  it('refuse customers what is for staff, about themselves too', async () => {
    const answer = await refer([ada.id], ada, { forStaff: true });
    expect(reasonsOf(answer)).toEqual(['authz.platform.deny', 'authz.platform.deny']);
    expect(answer.body.data._entities).toEqual([
      { id: ada.id, fullName: 'A Customer', isActive: null, supportNotes: null },
    ]);
  });

  it('are refused without a token, and to staff without the scope', async () => {
    expect(reasonsOf(await refer([ada.id]))).toEqual(['auth.failure.missing_token']);
    const claims = { scope: 'profile:read' };
    const limited = await subgraph.addStaff('super_admin', { claims });
    expect(reasonsOf(await refer([ada.id], limited))).toEqual(['authz.scope.deny']);
  });

  it('cost the same number of statements for one as for twenty', async () => {
    const others = await Promise.all(Array.from({ length: 19 }, () => subgraph.addCustomer()));
    const ids = [ada, ...others].map(({ id }) => id);
    // set_config, select: for the customers, and for all their notes.
    for (const asked of [ids.slice(0, 1), ids]) {
      expect(await subgraph.countStatements(() => refer(asked, staff, { forStaff: true }))).toBe(4);
    }
  });
});
