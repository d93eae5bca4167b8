import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

const operation = `mutation ($input: RegisterInput!) { register(input: $input) { accessToken refreshToken expiresIn } }`;
const password = 'a password of some length';

describe('register', () => {
  let auth: TestAuth;
  beforeAll(async () => {
    auth = await startTestAuth();
  });
  afterAll(() => auth.stop());
  const register = (input: object, tenant?: string) =>
    auth.ask(operation, { input: { password, ...input } }, tenant ? { tenant } : {});

  it('creates an account with a normalised e-mail, signs in, and lets the customer sign in again', async () => {
    const { body } = await register({ email: ' New.Customer@Example.com', fullName: ' New Customer ' });
    expect(body.errors).toBeUndefined();
    const { accessToken } = body.data.register;
    expect(decodeJwt(accessToken)).toMatchObject({
      email: 'new.customer@example.com',
      email_verified: false,
    });
    const me = await auth.ask('{ me { email fullName emailVerified } }', {}, { token: accessToken });
    expect(me.body.data.me).toEqual({
      email: 'new.customer@example.com',
      fullName: 'New Customer',
      emailVerified: false,
    });
    const account = { id: '', email: 'NEW.customer@example.com', password };
    expect(await auth.signIn('login', account)).toMatchObject({ expiresIn: 900 });
  });

  it('makes one account a mailbox, whichever way its domain is written', async () => {
    const [first, second] = [
      await register({ email: 'user1@bücher.example' }),
      await register({ email: 'user1@xn--bcher-kva.example' }),
    ];
    expect(decodeJwt(first.body.data.register.accessToken).email).toBe('user1@xn--bcher-kva.example');
    expect(second.body.errors?.[0]?.extensions.reason).toBe('input.email');
  });

  it('stores a bcrypt hash of cost 12 and the id of the pepper, never the password', async () => {
    const costly = await startTestAuth({}, { passwordCost: undefined });
    await costly.ask(operation, { input: { email: 'stored@example.com', password } });
    const [row] = await costly.database.query(`select * from auth.user where email = 'stored@example.com'`);
    expect(row.password_hash).toMatch(/^\$2[aby]\$12\$/);
    expect(row.pepper_id).toMatch(/^[0-9a-f]{16}$/);
    expect(row).toMatchObject({ is_active: true, is_seeded: false, full_name: '' });
    expect(JSON.stringify(row)).not.toContain(password);
    await costly.stop();
  });

  it.each([
    ['email', { email: 'nobody' }],
    ['email', { email: 'a\0b@example.com' }],
    ['email', { email: `${'x'.repeat(10_000)}@example.com` }],
    ['email', { email: 'two@signs@example.com' }],
    ['email', { email: 'ops@build_host.example' }],
    ['password', { email: 'ada@bücherstube.example', password: 'bücherstube1' }],
    ['password', { email: 'a@example.com', password: 'too short' }],
    ['password', { email: 'a@example.com', password: 'x'.repeat(129) }],
    ['password', { email: 'a@example.com', password: `with a NUL in it\0` }],
    ['password', { email: 'a@example.com', password: 'with a line\nbreak in it' }],
    ['password', { email: 'a@example.com', password: 'Password1234' }],
    ['password', { email: 'a@example.com', password: 'abababababababab' }],
    ['password', { email: 'somebody@example.com', password: 'Somebody@Example.com' }],
    ['fullName', { email: 'a@example.com', fullName: 'x'.repeat(201) }],
    ['fullName', { email: 'a@example.com', fullName: 'a\0b' }],
  ])('refuses a bad %s: %j', async (field, input) => {
    const { body } = await register(input);
    expect(body.data).toBeNull();
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', reason: `input.${field}` });
    expect(await auth.database.query(`select id from auth.user where email = 'a@example.com'`)).toEqual([]);
  });

  it('refuses a taken e-mail in another spelling', async () => {
    const { email } = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
    const { body } = await register({ email: email.toUpperCase() });
    expect(body.errors?.[0]?.extensions.reason).toBe('input.email');
  });

  it('makes one account when the same e-mail registers three times at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => register({ email: 'race@example.com' })));
    const won = answers.filter(({ body }) => body.data);
    const lost = answers.filter(({ body }) => body.errors?.[0]?.extensions.reason === 'input.email');
    expect([won.length, lost.length]).toEqual([1, 2]);
    expect(
      await auth.database.query(`select id from auth.user where email = 'race@example.com'`),
    ).toHaveLength(1);
  });

  it('is refused where the tenant has no self-registration', async () => {
    const { body } = await register({ email: 'b@example.com' }, 'globex');
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: 'authz.permission.deny' });
  });
});
