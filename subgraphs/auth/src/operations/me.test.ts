import { createTestGateway, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

describe('me and portalMe', () => {
  let auth: TestAuth;
  let customer: TestAccount;
  let staff: TestAccount;
  let tokens: { user: string; portal: string };
  beforeAll(async () => {
    auth = await startTestAuth();
    const { demo: tenantId } = auth.tenants;
    customer = await addCustomer(auth.database, { tenantId });
    staff = await addStaffMember(auth.database, { tenantId, role: 'operations' });
    tokens = {
      user: (await auth.signIn('login', customer)).accessToken,
      portal: (await auth.signIn('portalLogin', staff)).accessToken,
    };
  });
  afterAll(() => auth.stop());

  it('tell a customer and a member of staff who they are', async () => {
    const me = await auth.ask(
      '{ me { id email emailVerified fullName createdAt } }',
      {},
      { token: tokens.user },
    );
    expect(me.body).toEqual({
      data: {
        me: {
          id: customer.id,
          email: customer.email,
          emailVerified: false,
          fullName: 'A Customer',
          createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
      },
    });
    const portalMe = await auth.ask('{ portalMe { id email fullName role } }', {}, { token: tokens.portal });
    expect(portalMe.body).toEqual({
      data: { portalMe: { id: staff.id, email: staff.email, fullName: 'A Member', role: 'operations' } },
    });
  });

  it.each([
    ['me', 'user', 'portal'],
    ['portalMe', 'portal', 'user'],
  ] as const)(
    "refuse at %s callers of the other platform: it needs '%s', not '%s'",
    async (field, required, given) => {
      const { status, body } = await auth.ask(`{ ${field} { id } }`, {}, { token: tokens[given] });
      expect(status).toBe(200);
      expect(body).toEqual({
        data: { [field]: null },
        errors: [
          {
            message: `This field requires a '${required}' token. Received a '${given}' token.`,
            path: [field],
            locations: expect.anything(),
            extensions: { code: 'FORBIDDEN', reason: 'authz.platform.deny' },
          },
        ],
      });
    },
  );

  it.each([
    ['me', 'portal'],
    ['portalMe', 'user'],
  ] as const)(
    "refuse %s to the entrance '%s', even with its own token, or with none",
    async (field, entrance) => {
      const gateway = createTestGateway({ recipient: 'auth', entrance });
      for (const token of [tokens[entrance], undefined]) {
        const answer = await gateway.post(`${auth.url}/graphql`, { query: `{ ${field} { id } }` }, { token });
        expect([answer.status, reasonsOf(answer)]).toEqual([401, ['auth.failure.proof_invalid']]);
        expect(answer.body.data).toBeUndefined();
      }
    },
  );

  it.each(['me', 'portalMe'])('ask for a token at %s', async (field) => {
    const { body } = await auth.ask(`{ ${field} { id } }`);
    expect(body.errors?.[0]?.extensions).toEqual({
      code: 'UNAUTHENTICATED',
      reason: 'auth.failure.missing_token',
    });
  });

  it.each([
    ['me', 'login', addCustomer, 'auth.user'],
    ['portalMe', 'portalLogin', addStaffMember, 'auth.portal_user'],
  ] as const)(
    'refuse at %s an account that was deactivated meanwhile',
    async (field, signIn, addAccount, table) => {
      const account = await addAccount(auth.database, { tenantId: auth.tenants.demo });
      const { accessToken } = await auth.signIn(signIn, account);
      await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
      const { body } = await auth.ask(`{ ${field} { id } }`, {}, { token: accessToken });
      expect(body.errors?.[0]?.extensions.reason).toBe('auth.failure.revoked');
    },
  );

  it('refuse a token where the request names another tenant', async () => {
    const { status, body } = await auth.ask('{ me { id } }', {}, { token: tokens.user, tenant: 'globex' });
    expect(status).toBe(401);
    expect(body.errors?.[0]?.extensions.reason).toBe('auth.tenant_mismatch');
  });

  it.each([
    ['truncated', (token: string) => token.slice(0, -20), /malformed|invalid_signature/],
    ['of 12 KB', (token: string) => `${token}${'x'.repeat(12_000)}`, /malformed/],
    ['no token at all', () => 'nonsense', /malformed/],
  ])('refuse a token that is %s before anything runs', async (_name, spoil, reason) => {
    const { status, body, headers } = await auth.ask('{ me { id } }', {}, { token: spoil(tokens.user) });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(body.errors?.[0]?.extensions.reason).toMatch(reason);
  });
});
