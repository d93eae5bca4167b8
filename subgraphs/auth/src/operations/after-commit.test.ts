import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCustomer, testPassword } from '../testing/accounts.test-support.ts';
import { signInOperation, startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

// What was committed is answered, whatever becomes of the counters afterwards.
let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
  await auth.database.query(`
    create function public.refuse_known() returns trigger language plpgsql as $$
    begin
      raise exception 'not now';
    end $$`);
  await auth.database.query(`
    create trigger refuse_known before insert or update on auth.user_throttle
      for each row when (new.key like 'known%') execute function public.refuse_known()`);
});
afterAll(() => auth.stop());

it('a sign-in has its tokens though its counters can not be cleared', async () => {
  const { email, password } = await addCustomer(auth.database, { tenantId: auth.tenants.demo });
  const { body } = await auth.ask(signInOperation('login'), { input: { email, password } });
  expect(body).toEqual({ data: { login: expect.objectContaining({ expiresIn: 900 }) } });
});

it('a new account has its tokens though its address can not be remembered', async () => {
  const input = { email: 'new@example.com', password: testPassword };
  const { body } = await auth.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { expiresIn } }',
    { input },
  );
  expect(body).toEqual({ data: { register: { expiresIn: 900 } } });
});
