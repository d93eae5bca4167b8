import { RefusalError } from '@signet/service';
import { expect, test, vi } from 'vitest';
import { authenticate, createRequestSession } from './authenticate.ts';
import type { UserSession } from './session.ts';
import type { Verification, Verifier } from './verifier.ts';

const tenants: Record<string, string> = { demo: 'id-of-demo', globex: 'id-of-globex' };
const session = { platform: 'user', tenantId: 'id-of-demo' } as UserSession;

function createVerifierOf(verification: Verification): Verifier {
  return { issuers: [], verifyKnown: () => undefined, verify: vi.fn(async () => verification) };
}

const good = createVerifierOf({ kind: 'session', session });

test('without a header it is nobody', async () => {
  expect(await authenticate(good, undefined)).toEqual({ platform: 'none' });
});

test.each(['Bearer abc', 'bearer abc', 'BEARER  abc'])('takes the token of %j', async (authorization) => {
  expect(await authenticate(good, authorization)).toBe(session);
  expect(good.verify).toHaveBeenLastCalledWith('abc');
});

test.each([
  { kind: 'session', session },
  { kind: 'refused', reason: 'auth.failure.revoked' },
  { kind: 'unavailable' },
] as const)('judges a known token at once: $kind', (verification) => {
  const verifyKnown = vi.fn(() => verification);
  const judge = () => authenticate({ ...good, verifyKnown }, 'Bearer abc');
  if (verification.kind === 'session') expect(judge()).toBe(session);
  else expect(judge).toThrow(RefusalError);
  expect(verifyKnown).toHaveBeenLastCalledWith('abc');
});

test.each([
  '',
  'Bearer',
  'Bearer ',
  'abc',
  'Basic abc',
  'Bearer a b',
  'Bearer a, Bearer b',
  ' Bearer abc',
  'DPoP abc',
  'Bearerabc',
])('refuses the header %j, never takes it for nobody', async (authorization) => {
  expect(() => authenticate(good, authorization)).toThrow(
    expect.objectContaining({ reason: 'auth.failure.malformed' }),
  );
});

test('a refusal keeps its reason, an outage is 503', async () => {
  const expired = createVerifierOf({ kind: 'refused', reason: 'auth.failure.expired' });
  await expect(authenticate(expired, 'Bearer a')).rejects.toMatchObject({
    reason: 'auth.failure.expired',
    httpStatus: 401,
  });
  await expect(authenticate(createVerifierOf({ kind: 'unavailable' }), 'Bearer a')).rejects.toMatchObject({
    reason: 'auth.unavailable',
    httpStatus: 503,
  });
});

const requestSession = createRequestSession({
  verifier: good,
  findTenantId: async (slug) => (Object.hasOwn(tenants, slug) ? tenants[slug] : undefined),
  defaultTenant: 'demo',
});
const ask = (authorization?: string, tenant?: string) =>
  requestSession({
    authorization,
    signetContext: { requestId: 'r', ...(tenant !== undefined && { tenant }) },
  });

test.each([
  [undefined, undefined, 'id-of-demo'],
  [undefined, 'globex', 'id-of-globex'],
  ['Bearer a', undefined, 'id-of-demo'],
  ['Bearer a', 'demo', 'id-of-demo'],
])('with the token %j and x-tenant %j the tenant is %s', async (authorization, named, tenantId) => {
  expect(await ask(authorization, named)).toMatchObject({ tenantId });
});

test.each(['globex', 'none', '', '__proto__'])(
  "refuses the tenant %j beside another's token",
  async (named) => {
    await expect(ask('Bearer a', named)).rejects.toMatchObject({
      reason: 'auth.tenant_mismatch',
      httpStatus: 401,
    });
  },
);

test.each(['none', '', 'toString'])('refuses the tenant %j, which does not exist', async (named) => {
  await expect(ask(undefined, named)).rejects.toMatchObject({ reason: 'input.tenant', httpStatus: 400 });
});
