import { createLogger } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuth } from '../start.ts';
import { addCustomer, type TestAccount, testPasswordCost } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { randomSecret, testConfig } from '../testing/config.test-support.ts';

const tries = 15;
const refreshOperation = `mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken expiresIn } }`;

/** bench/refresh-races.ts tries more, and against every other change. */
describe('two replicas of auth on one database', () => {
  let one: TestAuth;
  let two: Awaited<ReturnType<typeof startAuth>>;
  let account: TestAccount;
  const keys = { USER_KEY_ENCRYPTION_KEY: randomSecret(), PORTAL_KEY_ENCRYPTION_KEY: randomSecret() };
  beforeAll(async () => {
    one = await startTestAuth(keys);
    two = await startAuth(testConfig(one.database, keys), createLogger('test', 'silent'), {
      passwordCost: testPasswordCost,
      now: () => new Date(Date.now() + one.clock.aheadSeconds * 1000),
    });
    account = await addCustomer(one.database, { tenantId: one.tenants.demo });
  });
  afterAll(async () => {
    await two.stop();
    await one.stop();
  });

  const urls = () => [one.url, two.url].map((url) => `${url}/graphql`) as [string, string];
  async function ask(url: string, query: string, variables: Record<string, unknown>) {
    const { body } = await one.gateway.post(url, { query, variables });
    return {
      data: body.data,
      reason: body.errors?.[0]?.extensions.reason ?? body.errors?.[0]?.extensions.code,
    };
  }
  const refresh = async (url: string, refreshToken: string) => {
    const { data, reason } = await ask(url, refreshOperation, { input: { refreshToken } });
    return { tokens: data?.refresh as Tokens | undefined, reason };
  };

  it('give one successor of a token that both exchange many times at once', async () => {
    const { refreshToken } = await one.signIn('login', account);
    const askEach = () => urls().map((url) => refresh(url, refreshToken));
    const answers = await Promise.all(Array.from({ length: 20 }, askEach).flat());
    expect(answers.map(({ reason }) => reason)).toEqual(answers.map(() => undefined));
    expect(new Set(answers.map(({ tokens }) => tokens?.refreshToken)).size).toBe(1);
  });

  it('leave no session alive when sign-out at one races refresh at the other', async () => {
    for (let index = 0; index < tries; index++) {
      const { refreshToken } = await one.signIn('login', account);
      const [here, there] = urls();
      const logout = ask(here, 'mutation ($input: LogoutInput) { logout(input: $input) }', {
        input: { refreshToken },
      });
      const answers = await Promise.all([refresh(there, refreshToken), refresh(here, refreshToken), logout]);
      const [first, second, { data }] = answers;
      expect(data).toEqual({ logout: true });
      for (const { tokens, reason } of [first, second]) {
        expect([undefined, 'auth.failure.revoked']).toContain(reason);
        const last = await refresh(there, tokens?.refreshToken ?? refreshToken);
        expect(last.reason).toBe('auth.failure.revoked');
      }
    }
  });

  it('leave no session alive when a used token comes back while its successor is exchanged', async () => {
    for (let index = 0; index < tries; index++) {
      one.clock.aheadSeconds = 0;
      const [here, there] = urls();
      const { refreshToken: used } = await one.signIn('login', account);
      const { tokens: exchanged } = await refresh(here, used);
      one.clock.aheadSeconds = 61;
      const { tokens: current } = await refresh(here, (exchanged as Tokens).refreshToken);
      one.clock.aheadSeconds = 122;
      const [replay, honest] = await Promise.all([
        refresh(there, used),
        refresh(here, (current as Tokens).refreshToken),
      ]);
      expect(replay.reason).toBe('auth.failure.revoked');
      for (const { refreshToken } of [current, honest.tokens].filter((tokens) => tokens !== undefined)) {
        expect((await refresh(there, refreshToken)).reason).toBe('auth.failure.revoked');
      }
    }
    one.clock.aheadSeconds = 0;
  });
});
