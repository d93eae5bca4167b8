import { postGraphql, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from './platform.test-support.ts';

// Accounts, sessions and staff as they are met at the gateway, which chooses the subgraph and says who asks from where.
const password = 'correct horse battery staple';
type Tokens = { accessToken: string; refreshToken: string };
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform?.stop());

const ask = (query: string, variables: Record<string, unknown> = {}, token?: string, headers = {}) =>
  postGraphql(platform.urlOf('graph'), { query, variables }, { ...(token && { token }), headers });
async function trySignIn(field: string, email: string, headers = {}): Promise<Tokens | undefined> {
  const query = `mutation ($input: LoginInput!) { ${field}(input: $input) { accessToken refreshToken } }`;
  return (await ask(query, { input: { email, password } }, undefined, headers)).body.data?.[field];
}
async function signIn(field: string, email: string, headers = {}): Promise<Tokens> {
  const tokens = await trySignIn(field, email, headers);
  if (!tokens) throw new Error(`${email} can't sign in`);
  return tokens;
}
const refresh = (field: string, refreshToken: string) =>
  ask(`mutation ($input: RefreshInput) { ${field}(input: $input) { accessToken } }`, {
    input: { refreshToken },
  });
/** The feed takes less than a second; a busy machine is given more. */
const refusedEverywhere = { timeout: 30_000, interval: 50 };

test('a customer sees where they are signed in, and signs the other device out', async () => {
  const phone = await signIn('login', 'ada@example.com', { 'user-agent': 'Phone/1.0' });
  const laptop = await signIn('login', 'ada@example.com', { 'user-agent': 'Laptop/2.0' });
  const { body } = await ask('{ mySessions { id device address current } }', {}, laptop.accessToken);
  expect(body.errors).toBeUndefined();
  const address = expect.stringMatching(/^(127\.0\.0\.1|::1)$/);
  const [current, other] = body.data.mySessions;
  expect(current).toMatchObject({ device: 'Laptop/2.0', address, current: true });
  expect(other).toMatchObject({ device: 'Phone/1.0', address, current: false });
  const ended = await ask(
    'mutation ($id: ID!) { endSession(id: $id) }',
    { id: other.id },
    laptop.accessToken,
  );
  expect(ended.body).toEqual({ data: { endSession: true } });
  expect(reasonsOf(await refresh('refresh', phone.refreshToken))).toEqual(['auth.failure.revoked']);
  await expect
    .poll(async () => (await ask('{ me { id } }', {}, phone.accessToken)).status, refusedEverywhere)
    .toBe(401);
  expect((await ask('{ me { id } }', {}, laptop.accessToken)).status).toBe(200);
});

test('staff suspend a customer, who is out until they are reinstated', async () => {
  const customer = await signIn('login', 'ada@example.com');
  const { accessToken: staff } = await signIn('portalLogin', 'operations@example.com');
  const found = await ask('{ customers(search: "ada@example.com") { edges { node { id } } } }', {}, staff);
  const { id } = found.body.data.customers.edges[0].node;
  const administer = (field: string) =>
    ask(`mutation ($id: ID!) { ${field}(customerId: $id) { email isActive } }`, { id }, staff);
  expect((await administer('suspendCustomer')).body.data.suspendCustomer).toEqual({
    email: 'ada@example.com',
    isActive: false,
  });
  expect(reasonsOf(await refresh('refresh', customer.refreshToken))).toEqual(['auth.failure.revoked']);
  expect(await trySignIn('login', 'ada@example.com')).toBeUndefined();
  await expect
    .poll(async () => reasonsOf(await ask('{ me { id } }', {}, customer.accessToken)), refusedEverywhere)
    .toEqual(['auth.failure.revoked']);
  expect((await administer('reinstateCustomer')).body.data.reinstateCustomer.isActive).toBe(true);
  expect(await trySignIn('login', 'ada@example.com')).toBeDefined();
});

test('a super_admin finds a member of staff, and the new role holds after signing in again', async () => {
  const member = await signIn('portalLogin', 'maren.holt@example.com');
  const { accessToken: admin } = await signIn('portalLogin', 'admin@example.com');
  const listed = await ask('{ staffMembers(first: 100) { edges { node { id email } } } }', {}, admin);
  const nodes: { id: string; email: string }[] = listed.body.data.staffMembers.edges.map(
    ({ node }: { node: { id: string; email: string } }) => node,
  );
  const id = nodes.find(({ email }) => email === 'maren.holt@example.com')?.id;
  const changed = await ask(
    'mutation ($id: ID!) { changeStaffRole(id: $id, role: operations) { role isActive } }',
    { id },
    admin,
  );
  expect(changed.body).toEqual({ data: { changeStaffRole: { role: 'operations', isActive: true } } });
  expect(reasonsOf(await refresh('portalRefresh', member.refreshToken))).toEqual(['auth.failure.revoked']);
  await expect
    .poll(
      async () => reasonsOf(await ask('{ portalMe { role } }', {}, member.accessToken)),
      refusedEverywhere,
    )
    .toEqual(['auth.failure.revoked']);
  const again = await signIn('portalLogin', 'maren.holt@example.com');
  expect((await ask('{ portalMe { role } }', {}, again.accessToken)).body.data.portalMe.role).toBe(
    'operations',
  );
});

test('what asks for a recent sign-in is refused at the gateway until staff prove again who they are', async () => {
  const admin = await signIn('portalLogin', 'admin@example.com');
  const { sid } = JSON.parse(Buffer.from(admin.accessToken.split('.')[1] ?? '', 'base64url').toString());
  await platform.home.database.query(
    `update auth.portal_session set auth_time = auth_time - interval '10 minutes' where id = $1`,
    [sid],
  );
  const { accessToken: old } = (await refresh('portalRefresh', admin.refreshToken)).body.data.portalRefresh;
  const reactivate = (token: string) =>
    ask('mutation { reactivateStaff(id: "0199c2f4-7a10-7000-8000-00000000dead") { id } }', {}, token);
  const refused = await reactivate(old);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringMatching(/^Bearer error="insufficient_user_authentication", .*max_age="300"$/),
  ]);
  expect(refused.body.errors?.[0]?.extensions).toEqual({
    code: 'FORBIDDEN',
    reason: 'authz.step_up.required',
    stepUp: { maxAge: 300 },
  });
  const proven = await ask(
    'mutation ($password: String!) { portalReauthenticate(input: { password: $password }) { accessToken } }',
    { password },
    old,
  );
  const { accessToken } = proven.body.data.portalReauthenticate;
  // The rule lets it pass; there is no such member of staff.
  expect(reasonsOf(await reactivate(accessToken))).toEqual(['input.id']);
});
