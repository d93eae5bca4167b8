import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReportedRefusal } from '@signet/schema/contract';
import { postGraphql } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';

const tenantId = '0199c2f4-7a10-7000-8000-00000000000a';
const accountId = '0199c2f4-7a10-7000-8000-00000000000b';

/** A gateway of its own takes a busy machine long to start. */
const ownGateway = { timeout: 60_000 };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ TRUSTED_PROXIES: '127.0.0.1/32' });
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.reports.splice(0);
});

type EntranceName = 'graph' | 'user' | 'portal';
const ask = (
  entrance: EntranceName,
  query: string,
  { token, headers }: { token?: string; headers?: Record<string, string> } = {},
) =>
  postGraphql(
    `${gateway.urls[entrance]}/graphql`,
    { query },
    { ...(token && { token }), ...(headers && { headers }) },
  );
const told = (): ReportedRefusal[] => gateway.reports.flatMap(({ refusals }) => refusals);

describe('an entrance reports', () => {
  it("a customer's request for a field of staff: account, session and tenant, once for many requests", async () => {
    const token = gateway.tokens.customer;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask('graph', '{ portalHealth }', { token })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(403));
    await expect.poll(() => gateway.reports, { timeout: 30_000 }).toHaveLength(1);
    expect(gateway.reports).toEqual([
      {
        platform: 'user',
        refusals: [
          {
            reason: 'authz.platform.deny',
            place: 'rules',
            field: 'Query.portalHealth',
            count: 1,
            session: { id: expect.any(String), accountId, tenantId },
            address: '127.0.0.1',
            requestId: expect.any(String),
          },
        ],
      },
    ]);
  });

  it('a token that does not hold: its reason and the network that it came from, nothing that it says', async () => {
    const headers = { 'x-forwarded-for': '2001:db8:1:2:3:4:5:6', 'x-tenant': 'acme' };
    await ask('portal', '{ portalHealth }', { token: `${gateway.tokens.staff}x`, headers });
    await expect.poll(told, { timeout: 30_000 }).toEqual([
      {
        reason: expect.stringMatching(/^auth\.failure\./),
        place: 'token',
        count: 1,
        tenant: 'acme',
        address: '2001:db8:1:2::',
        requestId: expect.any(String),
      },
    ]);
    expect(gateway.reports[0]?.platform).toBe('portal');
  });

  it('refusals that honest clients meet every day as a number', async () => {
    for (const address of ['192.0.2.1', '192.0.2.2'])
      await ask('user', '{ me { id } }', { headers: { 'x-forwarded-for': address, 'x-tenant': 'No Slug!' } });
    await expect
      .poll(told, { timeout: 30_000 })
      .toEqual([
        { reason: 'auth.failure.missing_token', place: 'rules', field: 'Query.me', count: 1, ofMany: true },
      ]);
  });

  it.each([
    ['portal', 'Query.auditLog', '{ auditLog { edges { node { kind } } } }'],
    ['portal', 'Query.portalMe', '{ portalMe { id } }'],
    ['user', 'Query.me', '{ me { id } }'],
  ])(
    'under the platform %s what a caller without a session asked for: %s',
    async (platform, field, query) => {
      // A tenant each: calls of a tenant without a session are counted together.
      await ask('graph', query, { headers: { 'x-tenant': field.toLowerCase().replace('.', '-') } });
      await expect
        .poll(() => gateway.reports, { timeout: 30_000 })
        .toMatchObject([{ platform, refusals: [{ reason: 'auth.failure.missing_token', field }] }]);
    },
  );

  it('neither bad input nor what is allowed', async () => {
    const { staff: token } = gateway.tokens;
    for (const query of [
      '{ portalHealth }',
      '{ nothing }',
      '{ portalHealth',
      '{ product(id: 1.5) { id } }',
    ]) {
      await ask('graph', query, { token });
    }
    // A refusal after all these: it comes alone.
    await ask('graph', '{ me { id } }', { token });
    await expect.poll(told, { timeout: 30_000 }).toMatchObject([{ field: 'Query.me', count: 1 }]);
  });
});

it('what was counted is reported when the entrance stops', ownGateway, async () => {
  const own = await startTestGateway();
  const { customer: token } = own.tokens;
  for (let n = 0; n < 5; n++)
    await postGraphql(`${own.urls.graph}/graphql`, { query: '{ portalHealth }' }, { token });
  await own.stop();
  const counts = own.reports.flatMap(({ refusals }) => refusals.map(({ count }) => count));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
});

it(
  'no request waits for an auth that does not answer, and the end of the entrance not for long',
  ownGateway,
  async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`;
    const own = await startTestGateway({ AUTH_USER_URL: url, AUTH_PORTAL_URL: url });
    try {
      const { customer: token } = own.tokens;
      const ask = (query: string) => postGraphql(`${own.urls.graph}/graphql`, { query }, { token });
      const reported = once(silent, 'request');
      expect((await ask('{ portalHealth }')).status).toBe(403);
      await reported; // It is under way, and will not be answered.
      expect((await ask('{ categories { id } }')).body.errors).toBeUndefined();
      expect((await ask('{ portalHealth }')).status).toBe(403);
    } finally {
      const stopped = performance.now();
      await own.stop();
      expect(performance.now() - stopped).toBeLessThan(8000);
      silent.closeAllConnections();
      silent.close();
    }
  },
);
