import { type Caller, itIsForStaff, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const query = '{ dashboard { id customers supportNotes } }';
const entities = `
  query ($id: ID!) {
    _entities(representations: [{ __typename: "Dashboard", id: $id }]) { ... on Dashboard { id customers } }
  }`;

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('support');
});
afterAll(() => subgraph.stop());

describe('dashboard', () => {
  it("counts the tenant's own and nobody else's", async () => {
    const { database, tenants } = subgraph;
    const ada = await subgraph.addCustomer();
    await subgraph.addCustomer({ tenantId: tenants.globex });
    await database.query(
      `insert into portal.support_note (tenant_id, user_id, staff_id, body) values ($1, $2, $3, 'Hello')`,
      [tenants.demo, ada.id, staff.id],
    );
    expect((await subgraph.ask(query, {}, staff)).body.data.dashboard).toEqual({
      id: tenants.demo,
      customers: 1,
      supportNotes: 1,
    });
  });

  it('is all zero where nothing happened yet', async () => {
    const tenantId = await subgraph.database.addTenant('quiet');
    const other = await subgraph.addStaff('operations', { tenantId });
    expect((await subgraph.ask(query, {}, other)).body.data.dashboard).toEqual({
      id: tenantId,
      customers: 0,
      supportNotes: 0,
    });
  });

  it('has timelines, of 24 hours where nothing else is asked for', async () => {
    const fields = ['signIns', 'refusals', 'throttles', 'accounts', 'lag'];
    const selection = '{ startsAt bucketSeconds asOf series { name values } }';
    const ask = async (argument: string) =>
      (
        await subgraph.ask(
          `{ dashboard { ${fields.map((field) => `${field}${argument} ${selection}`).join(' ')} } }`,
          {},
          staff,
        )
      ).body;
    const { data } = await ask('');
    for (const field of fields) {
      expect(data.dashboard[field]).toMatchObject({
        bucketSeconds: 3600,
        startsAt: expect.stringMatching(/:00:00(\.000)?Z$/),
      });
    }
    const own = data.dashboard.accounts.series.find(({ name }: { name: string }) => name === 'new');
    expect(own.values.at(-1) + own.values.at(-2)).toBe(1);
    expect((await ask('(range: MONTH)')).data.dashboard.lag.bucketSeconds).toBe(86_400);
    expect((await ask('(range: YEAR)')).errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query }, scope: 'dashboard:read' });
});

describe('a timeline', () => {
  for (const field of ['signIns', 'refusals', 'throttles', 'accounts', 'lag']) {
    itIsForStaff({
      subgraph: () => subgraph,
      operation: { query: `{ dashboard { ${field} { asOf } } }` },
      scope: 'dashboard:read',
    });
  }
});

describe('a reference to a dashboard', () => {
  it("is answered for the caller's own tenant only", async () => {
    const { demo, globex } = subgraph.tenants;
    const { body } = await subgraph.ask(entities, { id: demo }, staff);
    expect(body.data._entities).toEqual([{ id: demo, customers: expect.any(Number) }]);
    for (const id of [globex, 'x', '']) {
      expect((await subgraph.ask(entities, { id }, staff)).body).toEqual({ data: { _entities: [null] } });
    }
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: entities, variables: { id: '0199c2f4-7a10-7000-8000-000000000001' } },
    scope: 'dashboard:read',
  });
});

describe('portalHealth', () => {
  it('is ok for staff of every role, whatever their scopes', async () => {
    for (const role of ['support', 'operations', 'super_admin'] as const) {
      const caller = await subgraph.addStaff(role, { claims: { scope: '' } });
      expect((await subgraph.ask('{ portalHealth }', {}, caller)).body).toEqual({
        data: { portalHealth: 'ok' },
      });
    }
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query: '{ portalHealth }' } });

  it('refuses a bad token before anything runs', async () => {
    const forged = await subgraph.issuer.mintPortalToken({
      tenantId: subgraph.tenants.demo,
      staffId: staff.id,
      role: 'super_admin',
      key: subgraph.issuer.keys.user,
    });
    const answer = await subgraph.ask('{ portalHealth }', {}, { id: staff.id, token: forged });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(answer.body.errors?.[0]?.extensions.reason).toBe('auth.failure.invalid_signature');
  });
});
