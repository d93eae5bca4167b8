import { createHash } from 'node:crypto';
import { createDatabase, inTenant } from '@signet/db';
import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const query = `
  query ($first: Int! = 100, $after: String, $filter: AuditLogFilter) {
    auditLog(first: $first, after: $after, filter: $filter) {
      pageInfo { hasNextPage endCursor }
      edges { node {
        id happenedAt kind owaspName side actorId subjectId sessionId address requestId details { name value }
      } }
    }
  }`;
const [ada, eve] = ['0199c2f4-7a10-7000-8000-000000000001', '0199c2f4-7a10-7000-8000-000000000002'];

let subgraph: TestSubgraph;
let boss: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  boss = await subgraph.addStaff('super_admin');
  // Eleven rows of three moments, and one of another tenant.
  await subgraph.database.query(
    `insert into auth.audit_event (tenant_id, kind, platform, actor_id, subject_id, happened_at, address, details)
     select $1::uuid, case when n % 2 = 0 then 'auth.logout' else 'auth.login.failure' end, 'user', case when n < 4 then $3::uuid end, $4::uuid,
       timestamptz '2026-01-01 00:00:00.123456Z' + (n / 4) * interval '1 microsecond', '192.0.2.1'::inet, '{"cause": "wrong_password", "count": 3}'::jsonb
     from generate_series(1, 11) n
     union all select $2::uuid, 'auth.logout', 'user', $3::uuid, $4::uuid, timestamptz '2026-01-01 00:00:00Z', null::inet, '{}'::jsonb`,
    [subgraph.tenants.demo, subgraph.tenants.globex, ada, eve],
  );
});
afterAll(() => subgraph.stop());

const ask = (variables: object = {}, caller = boss) =>
  subgraph.ask(query, variables as Record<string, unknown>, caller);
async function nodesOf(filter: object) {
  const { body } = await ask({ filter: { until: '2026-01-02T00:00:00Z', ...filter } });
  return body.data.auditLog.edges.map(({ node }: { node: object }) => node);
}

describe('auditLog', () => {
  it('names the member of staff who did it, and nobody where a customer did', async () => {
    const [kind, other] = ['auth.customer.suspended', 'auth.session.ended'];
    await subgraph.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, actor_id)
       values ($1, $2, 'portal', $4), ($1, $3, 'user', $5)`,
      [subgraph.tenants.demo, kind, other, boss.id, ada],
    );
    const staffOf = async (wanted: string) => {
      const { body } = await subgraph.ask(
        'query ($filter: AuditLogFilter) { auditLog(filter: $filter) { edges { node { staff { id } } } } }',
        { filter: { kind: wanted } },
        boss,
      );
      return body.data.auditLog.edges;
    };
    expect(await staffOf(kind)).toEqual([{ node: { staff: { id: boss.id } } }]);
    expect(await staffOf(other)).toEqual([{ node: { staff: null } }]);
  });

  it('tells what staff changed in the data of a subgraph, by its kind too, be the subgraph there or not', async () => {
    const kind = 'reviews.text.removed';
    await subgraph.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, actor_id, details)
       values ($1, $2, 'portal', $3, '{"reviewId": "7"}')`,
      [subgraph.tenants.demo, kind, boss.id],
    );
    const { body } = await ask({ filter: { kind } });
    expect(body.data.auditLog.edges).toMatchObject([
      {
        node: {
          kind,
          owaspName: 'sensitive_update',
          side: 'portal',
          details: [{ name: 'reviewId', value: '7' }],
        },
      },
    ]);
  });

  it('tells sessions apart by a text with which nobody can act in them', async () => {
    const colleague = await subgraph.addStaff('support');
    const [{ id: session } = { id: '' }] = await subgraph.database.query<{ id: string }>(
      `select id from auth.portal_session where staff_id = $1`,
      [colleague.id],
    );
    await subgraph.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, actor_id, subject_id, session_id)
       select $1, 'auth.login.success', platform, $2, $2, $3 from unnest(array['portal', 'user']) platform`,
      [subgraph.tenants.demo, colleague.id, session],
    );
    const { body } = await ask({ filter: { kind: 'auth.login.success', actorId: colleague.id } });
    const shown = body.data.auditLog.edges.map(({ node }: { node: { sessionId: string } }) => node.sessionId);
    const bytes = Buffer.from(session.replaceAll('-', ''), 'hex');
    const reference = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    expect(shown).toEqual([reference, reference]);
    // With the rights of this process alone: no id of a session of staff is to be had, and what is opens nothing.
    const db = createDatabase(subgraph.database.urlOf('signet_portal'), { maxConnections: 1 });
    try {
      const asPortal = (text: string) =>
        inTenant(db, subgraph.tenants.demo, (trx) => sql.raw(text).execute(trx));
      await expect(asPortal('select session_id from auth.audit_event')).rejects.toMatchObject({
        code: '42501',
      });
      await expect(asPortal('select id from auth.portal_session')).rejects.toMatchObject({ code: '42501' });
      await expect(
        asPortal(
          `insert into auth.audit_event (tenant_id, kind, platform) values ('${subgraph.tenants.demo}', 'auth.logout', 'portal')
           returning session_id`,
        ),
      ).rejects.toMatchObject({ code: '42501' });
      const reset = (id: string) =>
        asPortal(`select auth.request_customer_password_reset('${ada}', '${colleague.id}', '${id}')`);
      await expect(reset(reference)).rejects.toMatchObject({ code: '28000' });
      await expect(reset(session)).resolves.toBeDefined();
    } finally {
      await db.destroy();
    }
  });

  it('tells what a row holds', async () => {
    const [node] = await nodesOf({ kind: 'auth.login.failure', actorId: ada });
    expect(node).toEqual({
      id: expect.any(String),
      happenedAt: '2026-01-01T00:00:00.123Z',
      kind: 'auth.login.failure',
      owaspName: 'authn_login_fail',
      side: 'user',
      actorId: ada,
      subjectId: eve,
      sessionId: null,
      address: '192.0.2.1',
      requestId: null,
      details: expect.arrayContaining([
        { name: 'cause', value: 'wrong_password' },
        { name: 'count', value: '3' },
      ]),
    });
  });

  it.each([
    [{}, 11],
    [{ kind: 'auth.logout' }, 5],
    [{ actorId: ada }, 3],
    [{ subjectId: eve, kind: 'auth.login.failure' }, 6],
    [{ actorId: eve }, 0],
    [{ since: '2026-01-01T00:00:00.123457Z' }, 11],
    [{ since: '2026-01-01T00:00:01Z' }, 0],
    [{ until: '2026-01-01T00:00:00Z' }, 0],
  ])('filters by %j', async (filter, count) => {
    expect(await nodesOf(filter)).toHaveLength(count);
  });

  it('meets each row once on a walk, latest first, those of one moment too', async () => {
    const rows = await subgraph.database.query(
      `select id from auth.audit_event where tenant_id = $1 and happened_at < '2026-01-02' order by happened_at desc, id desc`,
      [subgraph.tenants.demo],
    );
    const met: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await ask({ first: 2, after, filter: { subjectId: eve } });
      const { edges, pageInfo } = body.data.auditLog;
      met.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(met).toEqual(rows.map(({ id }) => id));
  });

  it('is read from an index, whatever the filter', async () => {
    await subgraph.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, actor_id, subject_id, happened_at)
       select $1::uuid, 'auth.logout', 'user', uuidv7(), uuidv7(), timestamptz '2020-01-01' + n * interval '1 minute'
       from generate_series(1, 3000) n`,
      [subgraph.tenants.globex],
    );
    await subgraph.database.query('analyze auth.audit_event');
    const db = createDatabase(subgraph.database.urlOf('signet_portal'), { maxConnections: 1 });
    try {
      for (const [condition = '', index = ''] of [
        ['true', 'audit_event_past_time'],
        [`kind = 'auth.login.failure'`, 'audit_event_past_kind'],
        [`actor_id = '${ada}'`, 'audit_event_past_actor'],
        [`subject_id = '${ada}'`, 'audit_event_past_subject'],
      ]) {
        const { rows } = await inTenant(db, subgraph.tenants.globex, (trx) =>
          sql<Record<string, string>>`
            explain select id from auth.audit_event where ${sql.raw(condition)} and happened_at < now()
            order by happened_at desc, id desc limit 21`.execute(trx),
        );
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(plan).toMatch(new RegExp(`using ${index} `));
        expect(plan).not.toMatch(/Seq Scan on audit_event_past|Filter: .*tenant_id/);
      }
    } finally {
      await db.destroy();
    }
  });

  it.each(
    titled([
      [{ filter: { kind: 'auth.nothing' } }, 'input.kind'],
      [{ filter: { kind: 'authz.nothing' } }, 'input.kind'],
      [{ filter: { kind: 'reviews' } }, 'input.kind'],
      [{ filter: { kind: 'toString' } }, 'input.kind'],
      [{ filter: { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' } }, 'input.until'],
      [{ filter: { since: '2026-02-30T00:00:00Z' } }, 'input.since'],
      [{ filter: { until: '2026-01-01T24:00:00Z' } }, 'input.until'],
      [{ first: 0 }, 'input.first'],
      [{ after: 'x' }, 'input.after'],
    ]),
  )('refuses %s', async (_title, variables, reason) => {
    expect(reasonsOf(await ask(variables))).toEqual([reason]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.actorId', (id) => ask({ filter: { actorId: id } }));
    await expectIdsRefused('input.subjectId', (id) => ask({ filter: { subjectId: id } }));
  });

  it('is for super_admin alone', async () => {
    for (const role of ['support', 'operations'] as const) {
      const answer = await ask({}, await subgraph.addStaff(role));
      expect(reasonsOf(answer)).toEqual(['authz.scope.deny']);
    }
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query, variables: {} }, scope: 'audit:read' });
});

describe('what was done to signing keys', () => {
  const keyEvents = { since: '2025-12-31T00:00:00Z', until: '2025-12-31T01:00:00Z' };
  beforeAll(async () => {
    // Of the platform, in the same minute a row of this tenant and one of another.
    await subgraph.database.query(
      `insert into auth.audit_event (tenant_id, kind, platform, happened_at, details)
       select null::uuid, kind, 'portal', timestamptz '2025-12-31 00:00:00.000001Z' + place * interval '1 microsecond',
         '{"kid": "key-1"}'::jsonb
       from unnest(array['auth.key.published', 'auth.key.rotated', 'auth.key.retired']) with ordinality as k (kind, place)
       union all select $1::uuid, 'auth.logout', 'user', timestamptz '2025-12-31 00:00:00.000003Z', '{}'::jsonb
       union all select $2::uuid, 'auth.key.imported', 'user', timestamptz '2025-12-31 00:00:00.000002Z', '{}'::jsonb`,
      [subgraph.tenants.demo, subgraph.tenants.globex],
    );
  });

  it('is shown among the rows of the tenant, and no row of another', async () => {
    const nodes = await nodesOf(keyEvents);
    expect(nodes.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['auth.key.retired', 'auth.key.rotated', 'auth.logout', 'auth.key.published']),
    );
    expect(nodes).toHaveLength(4);
    expect(nodes[0]).toMatchObject({
      kind: 'auth.key.retired',
      side: 'portal',
      actorId: null,
      address: null,
      details: [{ name: 'kid', value: 'key-1' }],
    });
  });

  it('meets each row once on a walk', async () => {
    const met: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await ask({ first: 1, after, filter: keyEvents });
      const { edges, pageInfo } = body.data.auditLog;
      met.push(...edges.map(({ node }: { node: { kind: string } }) => node.kind));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(met).toHaveLength(4);
    expect(new Set(met).size).toBe(4);
  });

  it.each([
    [{ kind: 'auth.key.rotated' }, 1],
    [{ kind: 'auth.logout' }, 1],
    [{ actorId: ada }, 0],
    [{ subjectId: eve }, 0],
    [{ since: '2025-12-31T00:30:00Z' }, 0],
  ])('is filtered by %j', async (filter, count) => {
    expect(await nodesOf({ ...keyEvents, ...filter })).toHaveLength(count);
  });
});

describe('what staff do about customers', () => {
  it.each([
    ['suspendCustomer', '{ id }', 'auth.customer.suspended'],
    ['reinstateCustomer', '{ id }', 'auth.customer.reinstated'],
    ['endCustomerSessions', '', 'auth.customer.sessions_ended'],
  ])('%s is in the log: who, whom, from where', async (operation, selection, kind) => {
    const customer = await subgraph.addCustomer();
    const query = `mutation { ${operation}(customerId: "${customer.id}") ${selection} }`;
    const context = { requestId: 'request-1', clientAddress: '192.0.2.9' };
    const answer = await subgraph.ask(query, {}, boss, context);
    expect(reasonsOf(answer)).toEqual([]);
    const { body } = await ask({ filter: { subjectId: customer.id } });
    expect(body.data.auditLog.edges.map(({ node }: { node: object }) => node)).toMatchObject([
      { kind, side: 'portal', actorId: boss.id, address: '192.0.2.9', requestId: 'request-1' },
    ]);
  });
});

it('records refusals here once a minute for each caller', async () => {
  const customer = await subgraph.addCustomer();
  for (let n = 0; n < 5; n++) await ask({}, customer);
  await expect
    .poll(async () => (await ask({ filter: { actorId: customer.id } })).body.data.auditLog.edges)
    .toMatchObject([{ node: { kind: 'authz.refused', side: 'portal' } }]);
});

it('records refusals of callers without a token once for the network that they come from', async () => {
  const [first, neighbour, stranger] = ['2001:db8:5:1::1', '2001:db8:5:2::1', '2001:db8:6::1'];
  for (const clientAddress of [first, neighbour, stranger]) {
    await subgraph.ask(query, {}, undefined, { clientAddress });
  }
  const listAddresses = async () => {
    const rows = await subgraph.database.query(
      `select host(address) as address from auth.audit_event where kind = 'authz.refused' and address <<= '2001:db8::/32'`,
    );
    return rows.map(({ address }) => address).sort();
  };
  // Each is written by itself: on a busy machine the first may come after the last.
  await expect.poll(listAddresses).toEqual(expect.arrayContaining([first, stranger]));
  expect(await listAddresses()).toEqual([first, stranger]);
});
