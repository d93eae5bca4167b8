import { formatReportNumber, type RefusalReport, refusalReportPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

type Entrance = 'graph' | 'user' | 'portal';
type Headers = Record<string, string>;

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.stop());

const sid = '0199c2f4-7a10-7000-8000-000000000001';
const accountId = '0199c2f4-7a10-7000-8000-000000000002';
let nextReason = 0;
/** The row's own field: no two tests meet in the sampler. */
function newRefusal() {
  nextReason += 1;
  const reason =
    ['authz.platform.deny', 'authz.scope.deny', 'authz.role.deny', 'authz.permission.deny'][nextReason % 4] ??
    '';
  return {
    reason,
    place: 'rules' as const,
    field: `Query.field${nextReason}`,
    count: 3,
    address: `192.0.2.${nextReason}`,
  };
}
const reportOf = (refusals: object[], platform = 'user') => ({ platform, refusals }) as RefusalReport;

function sign(
  report: unknown,
  entrance: Entrance = 'graph',
  server = auth,
  query = '',
): { url: string; body: string; headers: Headers } {
  const url = new URL(`${refusalReportPath}${query}`, server.url).href;
  const body = JSON.stringify(report);
  return { url, body, headers: createTestGateway({ recipient: 'auth', entrance }).headersOf({ url, body }) };
}

async function send({ url, body, headers }: ReturnType<typeof sign>) {
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, reason: JSON.parse(text).errors?.[0]?.extensions.reason };
}

const report = (refusals: object[], platform?: string, entrance?: Entrance) =>
  send(sign(reportOf(refusals, platform), entrance));

const rowsOf = (field: string) =>
  auth.database.query(
    `select kind, platform, tenant_id, actor_id, session_id, host(address) as address, request_id, details
     from auth.audit_event where details ->> 'field' = $1 order by happened_at, id`,
    [field],
  );

describe('a report of refusals', () => {
  it('becomes a row in the tenant of the session, marked as of the entrance that reports it', async () => {
    const refusal = {
      ...newRefusal(),
      session: { id: sid, accountId, tenantId: auth.tenants.globex },
      requestId: 'r-1',
    };
    expect(await report([refusal], 'portal', 'portal')).toEqual({ status: 202, reason: undefined });
    await expect
      .poll(() => rowsOf(refusal.field))
      .toEqual([
        {
          kind: 'authz.refused',
          platform: 'portal',
          tenant_id: auth.tenants.globex,
          actor_id: accountId,
          session_id: sid,
          address: refusal.address,
          request_id: 'r-1',
          details: {
            reason: refusal.reason,
            entrance: 'portal',
            place: 'rules',
            field: refusal.field,
            count: 3,
          },
        },
      ]);
  });

  it.each([
    ['named', { tenant: 'globex' }, 'globex'],
    ['named, and there is none of the name', { tenant: 'nobody' }, 'demo'],
    ['not named', {}, 'demo'],
  ] as const)("of a stranger goes to the tenant's log: %s", async (_title, more, tenant) => {
    const refusal = { ...newRefusal(), ...more };
    await report([refusal]);
    await expect
      .poll(() => rowsOf(refusal.field))
      .toMatchObject([{ tenant_id: auth.tenants[tenant], actor_id: null, session_id: null }]);
  });

  it('of many callers names none', async () => {
    const refusal = {
      ...newRefusal(),
      ofMany: true,
      session: { id: sid, accountId, tenantId: auth.tenants.demo },
    };
    await report([refusal]);
    await expect
      .poll(() => rowsOf(refusal.field))
      .toMatchObject([{ actor_id: null, session_id: null, address: null, details: { callers: 'many' } }]);
  });

  it('makes a row a minute of one caller and reason, however many gateways report it', async () => {
    const refusal = newRefusal();
    for (let n = 0; n < 5; n++) expect((await report([refusal])).status).toBe(202);
    await expect.poll(() => rowsOf(refusal.field)).toHaveLength(1);
  });

  it('is taken in once', async () => {
    const refusal = newRefusal();
    const signed = sign(reportOf([refusal]));
    expect((await send(signed)).status).toBe(202);
    expect(await send(signed)).toEqual({ status: 401, reason: 'auth.failure.replay' });
  });

  it.each([
    ['user', 'portal'],
    ['portal', 'user'],
  ] as const)('of the entrance %s about the side %s is refused', async (entrance, platform) => {
    const refusal = newRefusal();
    expect(await report([refusal], platform, entrance)).toEqual({
      status: 401,
      reason: 'auth.failure.proof_invalid',
    });
    expect(await rowsOf(refusal.field)).toEqual([]);
  });

  it.each<[string, (signed: ReturnType<typeof sign>) => ReturnType<typeof sign>, string]>([
    [
      'without a proof',
      ({ headers: _, ...rest }) => ({ ...rest, headers: { 'content-type': 'application/json' } }),
      'proof_missing',
    ],
    [
      'of another body',
      (signed) => ({ ...signed, body: signed.body.replace('"count":3', '"count":9') }),
      'proof_invalid',
    ],
    [
      'signed for another path',
      (signed) => ({ ...signed, headers: signedFor('/graphql', signed.body) }),
      'proof_invalid',
    ],
    [
      'signed for another process',
      (signed) => ({ ...signed, headers: signedFor(refusalReportPath, signed.body, 'portal') }),
      'proof_invalid',
    ],
  ])('%s is refused', async (_title, change, reason) => {
    const refusal = newRefusal();
    const answer = await send(change(sign(reportOf([refusal]))));
    expect(answer).toEqual({ status: 401, reason: `auth.failure.${reason}` });
    expect(await rowsOf(refusal.field)).toEqual([]);
  });

  it.each<[string, object]>([
    ['a reason that refuses nobody', { reason: 'auth.unavailable' }],
    ['a reason of nobody', { reason: 'toString' }],
    ['a place that keeps its own log', { place: 'portal' }],
    ['text in place of a field', { field: 'DROP TABLE users' }],
    ['text in place of an account', { session: { id: sid, accountId: 'Ada', tenantId: sid } }],
    ['text in place of an address', { address: 'localhost' }],
    ['text in place of a tenant', { tenant: 'Demo Inc.' }],
    ['a line break in the request id', { requestId: 'a\nb' }],
    ['a count of nothing', { count: 0 }],
    ['a count beyond reason', { count: 1e12 }],
    ['what nobody asked for', { password: 'x' }],
  ])('with %s is refused as a whole', async (_title, fault) => {
    const [good, bad] = [newRefusal(), newRefusal()];
    expect((await report([good, { ...bad, ...fault }])).status).toBe(400);
    expect(await rowsOf(good.field)).toEqual([]);
  });

  it.each([
    ['nothing', []],
    ['more than a hundred', Array.from({ length: 101 }, newRefusal)],
  ])('of %s is refused', async (_title, refusals) => {
    expect((await report(refusals)).status).toBe(400);
  });

  it('goes nowhere else: GET finds nothing', async () => {
    const { status } = await fetch(new URL(refusalReportPath, auth.url));
    expect(status).toBe(405);
  });
});

it('a report that is sent again, since its answer got lost, is counted once', async () => {
  const own = await startTestAuth();
  try {
    const refusal = newRefusal();
    const attempt = (number: number) => {
      const query = formatReportNumber({ sender: sid, number });
      return send(sign(reportOf([refusal]), 'graph', own, query));
    };
    for (const number of [1, 1, 2, 1]) expect(await attempt(number)).toMatchObject({ status: 202 });
    // What was counted and not written yet is written at the end.
    await own.stopServer();
    const [sum] = await own.database.query(
      `select sum((details ->> 'count')::integer)::integer as refusals from auth.audit_event where kind = 'authz.refused'`,
    );
    expect(sum).toEqual({ refusals: 6 });
  } finally {
    await own.stop();
  }
});

it('a process that holds the other platform only says so', async () => {
  const own = await startTestAuth({ AUTH_PLATFORMS: 'user', PORTAL_JWKS_URL: 'http://127.0.0.1:9/jwks' });
  try {
    const url = new URL(refusalReportPath, own.url).href;
    const body = JSON.stringify(reportOf([newRefusal()], 'portal'));
    const headers = createTestGateway({ recipient: 'auth-user' }).headersOf({ url, body });
    expect(await send({ url, body, headers })).toEqual({ status: 503, reason: 'auth.unavailable' });
  } finally {
    await own.stop();
  }
});

it('without proofs nobody may report', async () => {
  const own = await startTestAuth({ REQUIRE_PROOF: 'no' });
  try {
    expect((await send(sign(reportOf([newRefusal()]), 'graph', own))).status).toBe(404);
  } finally {
    await own.stop();
  }
});

function signedFor(path: string, body: string, recipient = 'auth') {
  return createTestGateway({ recipient }).headersOf({ url: new URL(path, auth.url).href, body });
}
