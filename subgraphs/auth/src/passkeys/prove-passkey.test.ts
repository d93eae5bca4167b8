import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { passkeyOperations, passkeySettings, reasonOf } from '../testing/passkeys.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';

const freeAttempts = 8;
let auth: TestAuth;
beforeAll(async () => {
  const throttle = { THROTTLE_ADDRESS_FAILURES: String(freeAttempts), THROTTLE_PAIR_FAILURES: '50' };
  auth = await startTestAuth({ ...mailSettings, ...passkeySettings, ...throttle });
});
afterAll(() => auth.stop());

describe.each(bothPlatforms)(
  '$platform: the answer of a passkey',
  ({ platform, other, addAccount, addOther }) => {
    const act = passkeyOperations(() => auth, platform);
    const foreign = passkeyOperations(() => auth, other);
    const app = factorOperations(() => auth, platform);
    const add = (tenantId = auth.tenants.demo) => addAccount(auth.database, { tenantId });
    const beginFor = (challenge: string, sender = {}) =>
      auth.ask(`mutation { ${act.fields.beginChallenge}(challenge: "${challenge}") }`, {}, sender);

    it('is a second factor once: not for another sign-in of the same account, nor to confirm who one is', async () => {
      const account = await add();
      const { authenticator, token } = await act.addPasskey(account);
      const [first, second] = [await act.challengeOf(account), await act.challengeOf(account)];
      const passkey = authenticator.get(await act.beginChallenge(first.id));
      expect((await act.complete(first.id, { passkey })).tokens).toBeDefined();
      expect((await act.complete(first.id, { passkey })).reason).toBe('input.challenge');
      expect((await act.complete(second.id, { passkey })).reason).toBe('input.passkey');
      const confirmed = await auth.ask(
        `mutation ($input: ReauthenticateInput!) { ${act.fields.reauthenticate}(input: $input) { accessToken } }`,
        { input: { passkey } },
        { token },
      );
      expect(reasonOf(confirmed)).toBe('input.passkey');
      // Nor did the replay make it look copied.
      expect((await act.list(token))[0]?.disabledAt).toBeNull();
    });

    it('of twenty at once to twenty challenges of the account is a second factor once', async () => {
      const account = await add();
      const { authenticator } = await act.addPasskey(account);
      const challenges = await Promise.all(Array.from({ length: 20 }, () => act.challengeOf(account)));
      const passkey = authenticator.get(await act.beginChallenge(challenges[0]?.id ?? ''));
      const answers = await Promise.all(challenges.map(({ id }) => act.complete(id, { passkey })));
      expect(answers.filter(({ tokens }) => tokens)).toHaveLength(1);
      expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    });

    it('is asked for by a challenge of the account alone: not of another platform, another tenant, or a dead one', async () => {
      const account = await add();
      const { authenticator } = await act.addPasskey(account);
      const twin = await addOther(auth.database, { tenantId: auth.tenants.demo });
      await foreign.addPasskey(twin);
      const { id } = await act.challengeOf(account);
      const foreignChallenge = await foreign.challengeOf(twin);
      expect(reasonOf(await beginFor(foreignChallenge.id))).toBe('input.challenge');
      expect(reasonOf(await beginFor(id, { tenant: 'globex' }))).toBe('input.challenge');
      expect(reasonOf(await beginFor('A'.repeat(43)))).toBe('input.challenge');
      expect(reasonOf(await beginFor(id))).toBeUndefined();
      expect((await act.complete(foreignChallenge.id, { passkey: {} })).reason).toBe('input.challenge');
      const passkey = authenticator.get(await act.beginChallenge(id));
      expect((await act.complete(id, { passkey })).tokens).toBeDefined();
      expect(reasonOf(await beginFor(id))).toBe('input.challenge');
    });

    it('of an account without a passkey is not asked for', async () => {
      const account = await add();
      const { tokens } = await app.addTotp(account);
      expect(reasonOf(await beginFor((await act.challengeOf(account)).id))).toBe('input.challenge');
      const begun = await auth.ask(
        `mutation { ${act.fields.beginReauthentication} }`,
        {},
        { token: tokens.accessToken },
      );
      expect(reasonOf(begun)).toBe('input.passkey');
    });

    it('that is wrong is counted by network, until pauses begin; a right one is not', async () => {
      const { authenticator } = await act.addPasskey(await add());
      const sender = { address: platform === 'user' ? '203.0.113.7' : '203.0.113.8' };
      const right = async (from: object) =>
        act.finishSignIn(authenticator.get(await act.beginSignIn()), from);
      for (let count = 0; count < 2 * freeAttempts; count += 1) {
        expect((await right(sender)).tokens).toBeDefined();
      }
      for (let count = 0; count < freeAttempts; count += 1) {
        expect((await act.finishSignIn({}, sender)).reason).toBe('input.passkey');
      }
      // An hour long: it must not end early because the machine is busy.
      await auth.database.query(
        `update auth.${platform}_throttle set expire = $1 where key like 'passkey-pause:%'`,
        [Date.now() + 3_600_000],
      );
      for (const refused of [await act.finishSignIn({}, sender), await right(sender)]) {
        expect(refused).toMatchObject({ tokens: undefined, reason: 'auth.throttled' });
      }
      expect((await right({ address: '198.51.100.7' })).tokens).toBeDefined();
    });

    it('that was disabled is no factor: with the last one that works it goes, each is told, the codes go', async () => {
      const account = await add();
      const { authenticator, token } = await act.addPasskey(account);
      const copy = authenticator.copy();
      await act.signInWith(authenticator);
      const { secret } = (await app.begin(token)).body.data[app.fields.begin];
      expect((await app.confirm(token, app.codeOf(secret))).body.errors).toBeUndefined();
      expect((await act.signInWith(copy)).text).toContain('copy');
      const begun = await auth.ask(`mutation { ${act.fields.beginReauthentication} }`, {}, { token });
      expect([reasonOf(begun), begun.body.errors?.[0]?.message]).toEqual([
        'input.passkey',
        'You have no passkey that works.',
      ]);
      // The password alone does not open what has a disabled passkey.
      expect((await act.challengeOf(account)).methods).toEqual(['totp', 'passkey', 'recovery_code']);
      expect((await app.remove(token)).body.data).toEqual({ [app.fields.remove]: true });
      expect(await act.list(token)).toEqual([]);
      expect((await act.signIn(account)).tokens).toBeDefined();
      const told = (await readMails(auth, platform, account.email)).slice(-2);
      expect(told.map(({ template, values }) => [template, values.factor])).toEqual([
        ['factor-removed', 'totp'],
        ['factor-removed', 'passkey'],
      ]);
      const audited = await auth.database.query<{ details: unknown }>(
        `select details from auth.audit_event where subject_id = $1 and kind = 'auth.factor.removed' order by id`,
        [account.id],
      );
      expect(audited.map(({ details }) => details)).toEqual([{ factor: 'totp' }, { factor: 'passkey' }]);
      const [codes] = await auth.database.query<{ left: string }>(
        `select count(*) as left from auth.${platform}_recovery_code where account_id = $1`,
        [account.id],
      );
      expect(codes?.left).toBe('0');
    });
  },
);
