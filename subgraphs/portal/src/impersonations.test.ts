import { createHash } from 'node:crypto';
import {
  addUser,
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
const impersonate = `mutation ($input: ImpersonateCustomerInput!) { impersonateCustomer(input: $input) {
  grant url expiresAt impersonation { id reasonClass reason ticket begunAt expiresAt isLive staff { id } customer { id } } } }`;
const end = 'mutation ($id: ID!) { endImpersonation(id: $id) }';
const list = `query ($first: Int! = 20, $after: String, $filter: ImpersonationFilter) {
  impersonations(first: $first, after: $after, filter: $filter) {
    pageInfo { hasNextPage endCursor } edges { node { id isLive endedAt endReason staff { id } customer { id email } } } } }`;

let subgraph: TestSubgraph;
let operator: Caller;
let customer: { id: string };
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition, { settings: { USER_APP_URL: 'https://shop.example/app/' } });
});
afterAll(() => subgraph.stop());
beforeEach(async () => {
  operator = await subgraph.addStaff('operations');
  customer = await addUser(subgraph.database, subgraph.tenants.demo);
  await openOutbox(true);
});

const openOutbox = (isOpen: boolean) =>
  subgraph.database.query('update auth.user_outbox set is_open = $1', [isOpen]);
const inputOf = (changes: object = {}) => ({
  customerId: customer.id,
  reasonClass: 'SUPPORT_REQUEST',
  reason: 'Cannot find an order',
  ticket: 'T-4711',
  ...changes,
});
const act = (changes: object = {}, caller = operator) =>
  subgraph.ask(impersonate, { input: inputOf(changes) }, caller);
const granted = async (changes: object = {}, caller = operator) =>
  (await act(changes, caller)).body.data.impersonateCustomer as {
    grant: string;
    impersonation: { id: string };
  };
const rowsOf = (id: string) =>
  subgraph.database.query('select * from auth.user_impersonation where account_id = $1 order by id', [id]);
const auditOf = (id: string) =>
  subgraph.database.query(
    `select kind, platform, actor_id, subject_id, details from auth.audit_event where subject_id = $1 order by happened_at, id`,
    [id],
  );
/** As the customers' auth process does. */
const begin = (id: string) =>
  subgraph.database.query(
    `update auth.user_impersonation set begun_at = now(), expires_at = now() + interval '15 minutes' where id = $1`,
    [id],
  );

describe('impersonateCustomer', () => {
  it('gives a grant of 256 bits for a minute, keeps its hash alone, and writes down who asked and why', async () => {
    const { body } = await act();
    const { grant, url, expiresAt, impersonation } = body.data.impersonateCustomer;
    expect(url).toBe(`https://shop.example/app/act#grant=${grant}`);
    expect(grant).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 60_000)).toBeLessThan(20_000);
    expect(impersonation).toEqual({
      id: expect.any(String),
      reasonClass: 'SUPPORT_REQUEST',
      reason: 'Cannot find an order',
      ticket: 'T-4711',
      begunAt: null,
      expiresAt: null,
      isLive: false,
      staff: { id: operator.id },
      customer: { id: customer.id },
    });
    const [row] = await rowsOf(customer.id);
    expect(row.grant_hash).toEqual(createHash('sha256').update(grant).digest());
    const events = await auditOf(customer.id);
    expect(events).toEqual([
      {
        kind: 'auth.impersonation.granted',
        platform: 'portal',
        actor_id: operator.id,
        subject_id: customer.id,
        details: {
          impersonation: impersonation.id,
          class: 'SUPPORT_REQUEST',
          reason: 'Cannot find an order',
          ticket: 'T-4711',
        },
      },
    ]);
    expect(JSON.stringify([{ ...row, grant_hash: '' }, events])).not.toContain(grant);
  });

  it('for a reason that opens more than reading asks for more: the scope customers:write', async () => {
    expect((await granted({ reasonClass: 'CORRECTION' })).grant).toBeDefined();
    const reader = await subgraph.addStaff('operations', {
      claims: { scope: 'customers:read customers:impersonate' },
    });
    expect(reasonsOf(await act({}, reader))).toEqual([]);
    expect(reasonsOf(await act({ reasonClass: 'CORRECTION' }, reader))).toEqual(['authz.scope.deny']);
    expect(await rowsOf(customer.id)).toHaveLength(2);
  });

  it('refuses customers who are unknown, of another tenant, staff, suspended, or have objected', async () => {
    const foreign = await addUser(subgraph.database, subgraph.tenants.globex);
    const suspended = await addUser(subgraph.database, subgraph.tenants.demo, { isActive: false });
    const objector = await addUser(subgraph.database, subgraph.tenants.demo);
    const { impersonation } = await granted({ customerId: objector.id });
    await subgraph.database.query('update auth.user_impersonation set objected_at = now() where id = $1', [
      impersonation.id,
    ]);
    for (const customerId of [unknownId, foreign.id, operator.id, suspended.id, objector.id]) {
      expect(reasonsOf(await act({ customerId }))).toEqual(['input.customerId']);
    }
    await expectIdsRefused('input.customerId', (customerId) => act({ customerId }));
    expect(await rowsOf(foreign.id)).toEqual([]);
  });

  it('needs a reason and a ticket that may stay: no blank, no novel, no e-mail address', async () => {
    for (const reason of ['', '  ', 'x', 'x'.repeat(501), 'ada@example.com called']) {
      expect(reasonsOf(await act({ reason }))).toEqual(['input.reason']);
    }
    for (const ticket of ['', '  ', 'x'.repeat(101), 'ada@example.com']) {
      expect(reasonsOf(await act({ ticket }))).toEqual(['input.ticket']);
    }
    expect(await rowsOf(customer.id)).toEqual([]);
    expect(await auditOf(customer.id)).toEqual([]);
  });

  it('is refused where no mail to customers is configured: they would not know', async () => {
    await openOutbox(false);
    expect(reasonsOf(await act())).toEqual(['authz.permission.deny']);
    expect(await rowsOf(customer.id)).toEqual([]);
  });

  it('is given to one member of staff 20 times an hour, also when they ask at once, and to others all the same', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => act()));
    expect(answers.filter(({ body }) => body.data?.impersonateCustomer)).toHaveLength(20);
    const refused = answers.filter((answer) => reasonsOf(answer).length > 0);
    expect(new Set(refused.flatMap(reasonsOf))).toEqual(new Set(['auth.throttled']));
    const told = refused[0]?.body.errors?.[0]?.extensions as { retryAfterSeconds?: number } | undefined;
    expect(told?.retryAfterSeconds).toBeGreaterThan(3500);
    expect(told?.retryAfterSeconds).toBeLessThanOrEqual(3600);
    expect(reasonsOf(await act({}, await subgraph.addStaff('super_admin')))).toEqual([]);
  });

  it('refuses support, who lack the scope, and somebody whose session is over', async () => {
    expect(reasonsOf(await act({}, await subgraph.addStaff('support')))).toEqual(['authz.scope.deny']);
    await subgraph.database.query('update auth.portal_user set is_active = false where id = $1', [
      operator.id,
    ]);
    expect(reasonsOf(await act())).toEqual(['auth.failure.revoked']);
  });

  it('asks for a recent sign-in', async () => {
    const late = await subgraph.addStaff('operations', {
      claims: { auth_time: Math.floor(Date.now() / 1000) - 400 },
    });
    expect(reasonsOf(await act({}, late))).toEqual(['authz.step_up.required']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: {
      query: impersonate,
      variables: {
        input: { customerId: unknownId, reasonClass: 'SUPPORT_REQUEST', reason: 'Ticket', ticket: 'T-1' },
      },
    },
    scope: 'customers:impersonate',
  });
});

describe('endImpersonation', () => {
  const endIt = async (id: string, caller = operator) => subgraph.ask(end, { id }, caller);

  it("ends one's own and those of others, revokes the token, and says whether there was anything to end", async () => {
    const { impersonation } = await granted();
    await begin(impersonation.id);
    const other = await subgraph.addStaff('super_admin');
    expect((await endIt(impersonation.id, other)).body).toEqual({ data: { endImpersonation: true } });
    expect((await endIt(impersonation.id)).body).toEqual({ data: { endImpersonation: false } });
    const revoked = await subgraph.database.query(
      `select kind, platform from auth.revocation where subject = $1`,
      [impersonation.id],
    );
    expect(revoked).toEqual([{ kind: 'session', platform: 'user' }]);
    expect((await auditOf(customer.id)).at(-1)).toMatchObject({
      kind: 'auth.impersonation.ended',
      actor_id: other.id,
      details: { reason: 'ended', act: other.id },
    });
  });

  it('refuses one of another tenant as an unknown one', async () => {
    const { impersonation } = await granted();
    const foreign = await subgraph.addStaff('super_admin', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await endIt(impersonation.id, foreign))).toEqual(['input.id']);
    expect(reasonsOf(await endIt(unknownId))).toEqual(['input.id']);
    await expectIdsRefused('input.id', (id) => endIt(id));
  });

  it('comes with the end of all sessions of a customer, and with a suspension', async () => {
    for (const operation of [
      'endCustomerSessions(customerId: $id)',
      'suspendCustomer(customerId: $id) { id }',
    ]) {
      const { impersonation } = await granted();
      await begin(impersonation.id);
      await subgraph.ask(`mutation ($id: ID!) { ${operation} }`, { id: customer.id }, operator);
      const row = (await rowsOf(customer.id)).find(({ id }) => id === impersonation.id);
      expect(row.ended_at, operation).not.toBeNull();
    }
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query: end, variables: { id: unknownId } },
    scope: 'customers:impersonate',
  });
});

describe('impersonations', () => {
  const ask = async (variables: object, caller = operator) =>
    (await subgraph.ask(list, { ...variables }, caller)).body.data.impersonations;

  it('are listed by customer and by member of staff, latest first, each met once on a walk', async () => {
    const other = await subgraph.addStaff('super_admin');
    const ids = [];
    for (const caller of [operator, other, operator])
      ids.unshift((await granted({}, caller)).impersonation.id);
    const elsewhere = await addUser(subgraph.database, subgraph.tenants.demo);
    const last = (await granted({ customerId: elsewhere.id })).impersonation.id;
    await begin(ids[0] as string);
    const met: string[] = [];
    let after: string | null = null;
    do {
      const page = await ask({ first: 1, after, filter: { customerId: customer.id } });
      met.push(page.edges[0].node.id);
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after);
    expect(met).toEqual(ids);
    const ofStaff = await ask({ filter: { staffId: operator.id } });
    expect(ofStaff.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual([
      last,
      ids[0],
      ids[2],
    ]);
    expect(ofStaff.edges.map(({ node }: { node: { isLive: boolean } }) => node.isLive)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('of another tenant do not exist', async () => {
    await granted();
    const foreign = await subgraph.addStaff('super_admin', { tenantId: subgraph.tenants.globex });
    expect((await ask({ filter: { customerId: customer.id } }, foreign)).edges).toEqual([]);
  });

  it.each([
    [{ first: 0 }, 'input.first'],
    [{ after: 'x' }, 'input.after'],
    [{ filter: { customerId: 'x' } }, 'input.customerId'],
    [{ filter: { staffId: 'x' } }, 'input.staffId'],
  ])('refuse %j', async (variables, reason) => {
    expect(reasonsOf(await subgraph.ask(list, variables, operator))).toEqual([reason]);
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query: list }, scope: 'customers:impersonate' });
});
