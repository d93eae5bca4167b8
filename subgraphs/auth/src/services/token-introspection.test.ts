import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { shortestOfThree } from '@signet/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { issuerUrl } from '../testing/config.test-support.ts';
import { assertionType, serviceOperations, type TestService } from '../testing/services.test-support.ts';

let auth: TestAuth;
let staffToken: string;
let customerToken: string;
let service: TestService;
let customerService: TestService;
const { addService, assert, post, requestToken, revokeKey } = serviceOperations(
  () => auth,
  () => staffToken,
);

beforeAll(async () => {
  auth = await startTestAuth((database) => ({
    REVOCATIONS_DATABASE_URL: database.urlOf('signet_verifier'),
  }));
  const tenantId = auth.tenants.demo;
  const admin = await addStaffMember(auth.database, { tenantId, role: 'super_admin' });
  staffToken = (await auth.signIn('portalLogin', admin)).accessToken;
  customerToken = (await auth.signIn('login', await addCustomer(auth.database, { tenantId }))).accessToken;
  service = await addService('portal');
  customerService = await addService('user');
});
afterAll(() => auth.stop());

const tokenOf = async (own: TestService) => String((await requestToken(own)).body.access_token);
const authenticated = async (own: TestService, token: string) => ({
  client_assertion_type: assertionType,
  client_assertion: await assert(own),
  token,
});
const introspect = async (own: TestService, token: string) =>
  post(own.platform, 'introspect', await authenticated(own, token));
const revoke = async (own: TestService, token: string) =>
  post(own.platform, 'revoke', await authenticated(own, token));
const untilInactive = (own: TestService, token: string) =>
  expect.poll(async () => (await introspect(own, token)).body).toEqual({ active: false });

describe('introspection', () => {
  it('tells a service what its own token is', async () => {
    const token = await tokenOf(service);
    const { iat, exp, jti } = decodeJwt(token);
    const { status, headers, body } = await introspect(service, token);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: `${issuerUrl}/portal`,
      aud: 'signet:portal',
      sub: service.id,
      client_id: service.id,
      scope: 'customers:read',
      tenant: auth.tenants.demo,
      jti,
      iat,
      exp,
    });
  });

  it('tells it of people of its platform, and not who they are', async () => {
    for (const [own, token] of [
      [service, staffToken],
      [customerService, customerToken],
    ] as const) {
      const { body } = await introspect(own, token);
      expect(body).toMatchObject({ active: true, acr: 'aal1', auth_time: expect.any(Number) });
      for (const name of ['email', 'email_verified', 'sid', 'role', 'client_id']) {
        expect(body).not.toHaveProperty(name);
      }
    }
  });

  it('knows nothing of the other platform, of another tenant, and of what is no token', async () => {
    const admin = await addStaffMember(auth.database, {
      tenantId: auth.tenants.globex,
      role: 'super_admin',
    });
    const { accessToken } = await auth.signIn('portalLogin', admin, { tenant: 'globex' });
    const theirs = await addService('portal', {}, undefined, { token: accessToken });
    const token = await tokenOf(service);
    for (const [own, text] of [
      [customerService, token],
      [customerService, staffToken],
      [service, customerToken],
      [service, await tokenOf(theirs)],
      [theirs, token],
      [theirs, staffToken],
      [service, 'x'],
      [service, `${token}x`],
      [service, await assert(service)],
    ] as const) {
      const { status, body } = await introspect(own, text);
      expect([status, body]).toEqual([200, { active: false }]);
    }
  });

  it('is for clients that prove who they are, each time anew', async () => {
    const token = await tokenOf(service);
    const form = await authenticated(service, token);
    expect((await post('portal', 'introspect', form)).body.active).toBe(true);
    expect((await post('portal', 'introspect', form)).status).toBe(401);
    expect((await post('portal', 'introspect', { token })).status).toBe(401);
    const { token: _token, ...without } = await authenticated(service, token);
    const { status, body } = await post('portal', 'introspect', without);
    expect([status, body.error]).toEqual([400, 'invalid_request']);
  });
});

describe('revocation', () => {
  it('ends one token of the service, and no other', async () => {
    const [one, other] = [await tokenOf(service), await tokenOf(service)];
    const { status, body } = await revoke(service, one);
    expect([status, body]).toEqual([200, {}]);
    await untilInactive(service, one);
    expect((await introspect(service, other)).body.active).toBe(true);
    const [event] = await auth.database.query(
      `select kind, actor_id, session_id, details from auth.audit_event where kind = 'auth.service.token_revoked' and subject_id = $1`,
      [service.id],
    );
    expect(event).toMatchObject({
      actor_id: service.id,
      session_id: service.credential,
      details: { token: decodeJwt(one).jti },
    });
  });

  it('of what is over, or was never a token, changes nothing', async () => {
    const token = await tokenOf(service);
    await revoke(service, token);
    await untilInactive(service, token);
    const count = async () =>
      (await auth.database.query('select count(*)::int as count from auth.revocation'))[0].count;
    const before = await count();
    for (const text of [token, 'x', randomUUID(), await assert(service)]) {
      expect((await revoke(service, text)).status).toBe(200);
    }
    expect(await count()).toBe(before);
  });

  it("of somebody else's token is refused", async () => {
    const other = await addService('portal');
    for (const token of [await tokenOf(other), staffToken, customerToken, await tokenOf(customerService)]) {
      const { status, body } = await revoke(service, token);
      expect([status, body.error]).toEqual([400, 'unauthorized_client']);
    }
    await sleep(200);
    expect((await introspect(service, await tokenOf(other))).body.active).toBe(true);
    expect((await introspect(service, staffToken)).body.active).toBe(true);
  });
});

describe('the end of a credential', () => {
  it('ends all tokens that it asked for within a second', async () => {
    const ms = await shortestOfThree(1000, async () => {
      const own = await addService('portal');
      const tokens = [await tokenOf(own), await tokenOf(own)];
      await revokeKey({ credential: own.credential });
      const startedAt = performance.now();
      for (const token of tokens) await untilInactive(service, token);
      return performance.now() - startedAt;
    });
    expect(ms).toBeLessThan(1000);
  });
});
