import { reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';

const operation = `query ($first: Int, $after: String) {
  staffMembers(first: $first, after: $after) { edges { node { email role isActive } } pageInfo { hasNextPage endCursor } }
}`;

describe('staffMembers', () => {
  let auth: TestAuth;
  let token: string;
  beforeAll(async () => {
    auth = await startTestAuth();
    const { demo: tenantId, globex } = auth.tenants;
    const admin = await addStaffMember(auth.database, {
      tenantId,
      role: 'super_admin',
      email: 'b@example.com',
    });
    await addStaffMember(auth.database, { tenantId, email: 'c@example.com', isActive: false });
    await addStaffMember(auth.database, { tenantId, role: 'operations', email: 'a@example.com' });
    await addStaffMember(auth.database, { tenantId: globex, email: 'd@example.com' });
    token = (await auth.signIn('portalLogin', admin)).accessToken;
  });
  afterAll(() => auth.stop());
  const ask = (variables: object, bearer: string | undefined = token) =>
    auth.ask(operation, { first: 20, ...variables }, bearer === '' ? {} : { token: bearer });

  it('gives everyone of the tenant by e-mail, who is deactivated too, a page at a time', async () => {
    const first = (await ask({ first: 2 })).body.data.staffMembers;
    expect(first.edges.map(({ node }: { node: object }) => node)).toEqual([
      { email: 'a@example.com', role: 'operations', isActive: true },
      { email: 'b@example.com', role: 'super_admin', isActive: true },
    ]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = (await ask({ first: 2, after: first.pageInfo.endCursor })).body.data.staffMembers;
    expect(second.edges.map(({ node }: { node: object }) => node)).toEqual([
      { email: 'c@example.com', role: 'support', isActive: false },
    ]);
    expect(second.pageInfo.hasNextPage).toBe(false);
  });

  it('refuses pages that are none', async () => {
    expect(reasonsOf(await ask({ first: 0 }))).toEqual(['input.first']);
    expect(reasonsOf(await ask({ first: 101 }))).toEqual(['input.first']);
    expect(reasonsOf(await ask({ after: 'x' }))).toEqual(['input.after']);
  });

  it('is refused to nobody in particular, to customers and to staff without the scope', async () => {
    expect(reasonsOf(await ask({}, ''))).toEqual(['auth.failure.missing_token']);
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const user = await auth.signIn('login', customer);
    expect(reasonsOf(await ask({}, user.accessToken))).toEqual(['authz.platform.deny']);
    const operator = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'operations' });
    const portal = await auth.signIn('portalLogin', operator);
    expect(reasonsOf(await ask({}, portal.accessToken))).toEqual(['authz.scope.deny']);
  });

  it('who are active can be assigned to customers: found by those who assign', async () => {
    const find = (search: string | undefined, bearer: string) =>
      auth.ask(
        'query ($search: String) { assignableStaff(search: $search) { email } }',
        {
          ...(search !== undefined && { search }),
        },
        { token: bearer },
      );
    const tenantId = auth.tenants.demo;
    const operator = await addStaffMember(auth.database, {
      tenantId,
      role: 'operations',
      email: 'o@example.com',
    });
    const { accessToken } = await auth.signIn('portalLogin', operator);
    const emails = async (search?: string) =>
      (await find(search, accessToken)).body.data.assignableStaff.map(
        ({ email }: { email: string }) => email,
      );
    const all = await emails();
    expect(all).toEqual(expect.arrayContaining(['a@example.com', 'b@example.com', 'o@example.com']));
    expect(all).not.toContain('c@example.com');
    expect(all).not.toContain('d@example.com');
    expect(await emails('O@EXAMPLE')).toEqual(['o@example.com']);
    expect(await emails('%')).toEqual([]);
    const support = await addStaffMember(auth.database, {
      tenantId,
      role: 'support',
      email: 's@example.com',
    });
    const reader = await auth.signIn('portalLogin', support);
    expect(reasonsOf(await find('', reader.accessToken))).toEqual(['authz.scope.deny']);
  });
});

describe('staffMember', () => {
  let auth: TestAuth;
  let admin: TestAccount;
  let gone: TestAccount;
  let stranger: TestAccount;
  let token: string;
  beforeAll(async () => {
    auth = await startTestAuth();
    const { demo: tenantId, globex } = auth.tenants;
    admin = await addStaffMember(auth.database, { tenantId, role: 'super_admin' });
    gone = await addStaffMember(auth.database, { tenantId, isActive: false });
    stranger = await addStaffMember(auth.database, { tenantId: globex });
    token = (await auth.signIn('portalLogin', admin)).accessToken;
  });
  afterAll(() => auth.stop());
  const find = (id: string, bearer: string | undefined = token) =>
    auth.ask(
      'query ($id: ID!) { staffMember(id: $id) { email isActive } }',
      { id },
      bearer ? { token: bearer } : {},
    );

  it('gives a member of the tenant, who is deactivated too', async () => {
    expect((await find(gone.id)).body.data.staffMember).toEqual({ email: gone.email, isActive: false });
  });

  it("gives nobody for another tenant's member, an unknown id and a text that is none", async () => {
    for (const id of [stranger.id, '0199c2f4-7a10-7000-8000-00000000dead', 'x']) {
      expect((await find(id)).body).toEqual({ data: { staffMember: null } });
    }
  });

  it('is refused without a token, to customers and to staff without the scope', async () => {
    expect(reasonsOf(await find(gone.id, ''))).toEqual(['auth.failure.missing_token']);
    const customer = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const user = await auth.signIn('login', customer);
    expect(reasonsOf(await find(gone.id, user.accessToken))).toEqual(['authz.platform.deny']);
    const operator = await addStaffMember(auth.database, { tenantId: auth.tenants.demo, role: 'operations' });
    const portal = await auth.signIn('portalLogin', operator);
    expect(reasonsOf(await find(admin.id, portal.accessToken))).toEqual(['authz.scope.deny']);
  });
});

describe('portalFeatures', () => {
  const ask = async (auth: TestAuth) =>
    (await auth.ask('{ portalFeatures { mail passkeys serviceSecrets } }')).body.data.portalFeatures;

  it('says to everybody what is on and what is off', async () => {
    const plain = await startTestAuth();
    expect(await ask(plain)).toEqual({ mail: false, passkeys: false, serviceSecrets: false });
    await plain.stop();
    const full = await startTestAuth({ ...mailSettings, CLIENT_SECRETS: 'yes' });
    expect(await ask(full)).toEqual({ mail: true, passkeys: true, serviceSecrets: true });
    await full.stop();
  });
});
