import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from '../testing/account-operations.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import {
  amrOf,
  appOrigins,
  passkeyOperations,
  passkeySettings,
  reasonOf,
} from '../testing/passkeys.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth({ ...mailSettings, ...passkeySettings });
});
afterAll(() => auth.stop());

const auditOf = (accountId: string) =>
  auth.database
    .query<{ kind: string }>(
      `select kind from auth.audit_event where subject_id = $1 and kind not like 'auth.login%' order by id`,
      [accountId],
    )
    .then((rows) => rows.map(({ kind }) => kind));

/** Runs something that many seconds ago. */
async function earlier<T>(seconds: number, run: () => Promise<T>): Promise<T> {
  auth.clock.aheadSeconds = -seconds;
  try {
    return await run();
  } finally {
    auth.clock.aheadSeconds = 0;
  }
}

describe.each(bothPlatforms)('$platform: a passkey', ({ platform, other, addAccount, addOther }) => {
  const act = passkeyOperations(() => auth, platform);
  const foreign = passkeyOperations(() => auth, other);
  const add = (tenantId = auth.tenants.demo) => addAccount(auth.database, { tenantId });
  const rows = (accountId: string) =>
    auth.database.query(`select * from auth.${platform}_passkey where account_id = $1`, [accountId]);

  it('is added, listed, renamed and removed; with the first factor come recovery codes', async () => {
    const account = await add();
    const { authenticator, id, recoveryCodes, token } = await act.addPasskey(account, { isSynced: true });
    expect(recoveryCodes).toHaveLength(10);
    expect(await act.list(token)).toMatchObject([
      { id, name: 'My phone', isSynced: true, lastUsedAt: null, disabledAt: null },
    ]);
    // What the authenticator calls the account says nothing about the person.
    expect(Buffer.from(authenticator.credentials[0]?.userHandle ?? '', 'base64url')).toHaveLength(32);
    expect(reasonOf(await act.rename(token, id, ' \u200b '))).toBe('input.name');
    expect((await act.rename(token, id, ' My old phone ')).body.data[act.fields.rename].name).toBe(
      'My old phone',
    );
    expect((await act.remove(token, id)).body.data[act.fields.remove]).toBe(true);
    expect(await act.list(token)).toEqual([]);
    expect((await act.signInWith(authenticator)).reason).toBe('input.passkey');
    // With the last factor the codes go, and the password alone opens the account.
    expect((await act.signIn(account)).tokens).toBeDefined();
    expect(await auditOf(account.id)).toEqual([
      'auth.factor.added',
      'auth.passkey.renamed',
      'auth.factor.removed',
    ]);
  });

  it('signs in without a password, as two factors', async () => {
    const account = await add();
    const { authenticator, token } = await act.addPasskey(account);
    const { tokens } = await act.signInWith(authenticator);
    expect(amrOf(tokens)).toEqual(['hwk', 'user', 'mfa', 'aal2']);
    expect((await act.list(token))[0]?.lastUsedAt).not.toBeNull();
    const synced = await act.addPasskey(await add(), { isSynced: true, counts: false });
    expect(amrOf((await act.signInWith(synced.authenticator)).tokens)).toEqual([
      'swk',
      'user',
      'mfa',
      'aal2',
    ]);
    expect((await act.signInWith(synced.authenticator)).tokens).toBeDefined();
  });

  it('signs in alone after a reset only once it was used after the new password', async () => {
    const account = await add();
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set email_verified = true where id = $1`, [account.id]);
    const { authenticator } = await act.addPasskey(account);
    const { requestReset, reset, tokenTo } = accountOperations(() => auth, platform);
    await requestReset({ email: account.email });
    const newPassword = 'twelve blue plums in a boat';
    const token = await tokenTo(account.email, 'reset-password');
    expect(await reset({ token, newPassword })).toMatchObject({ data: {} });
    expect((await act.signInWith(authenticator)).reason).toBe('input.passkey');
    const challenge = await act.challengeOf({ ...account, password: newPassword });
    const passkey = authenticator.get(await act.beginChallenge(challenge.id));
    expect((await act.complete(challenge.id, { passkey })).tokens).toBeDefined();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
  });

  it('is asked for as the same by everybody, and asking leaves nothing', async () => {
    const known = await act.beginSignIn();
    const { challenge, ...rest } = known;
    const { challenge: second, ...again } = await act.beginSignIn();
    expect(rest).toEqual(again);
    expect(second).not.toBe(challenge);
    expect(rest).toEqual({
      rpId: new URL(appOrigins[platform]).hostname,
      allowCredentials: [],
      timeout: 300_000,
      userVerification: 'required',
    });
    const [{ count } = { count: '' }] = await auth.database.query<{ count: string }>(
      `select count(*) from auth.${platform}_used_passkey_challenge where challenge_hash = sha256($1::text::bytea)`,
      [challenge],
    );
    expect(count).toBe('0');
  });

  it('is the second factor after a password, also one that checks nobody', async () => {
    const account = await add();
    const { authenticator } = await act.addPasskey(account);
    const challenge = await act.challengeOf(account);
    expect(challenge.methods).toEqual(['passkey', 'recovery_code']);
    const options = await act.beginChallenge(challenge.id);
    expect(options.allowCredentials).toHaveLength(1);
    const { tokens } = await act.complete(challenge.id, {
      passkey: authenticator.get(options, { verifiesUser: false }),
    });
    expect(amrOf(tokens)).toEqual(['pwd', 'hwk', 'user', 'mfa', 'aal2']);
  });

  it('of somebody else, and an answer to another challenge, is no second factor', async () => {
    const [account, thief] = [await add(), await add()];
    const mine = await act.addPasskey(account);
    const theirs = await act.addPasskey(thief);
    const challenge = await act.challengeOf(account);
    const options = await act.beginChallenge(challenge.id);
    const answers = [
      theirs.authenticator.get({ ...options, allowCredentials: [] }),
      mine.authenticator.get(await act.beginSignIn()),
      mine.authenticator.get(
        await act
          .beginChallenge((await act.challengeOf(thief)).id)
          .then((o) => ({ ...o, allowCredentials: [] })),
      ),
    ];
    for (const passkey of answers) {
      expect((await act.complete(challenge.id, { passkey })).reason).toBe('input.passkey');
    }
    expect(
      (await act.complete(challenge.id, { passkey: mine.authenticator.get(options) })).tokens,
    ).toBeDefined();
  });

  it('answers a challenge once: of 200 answers at once exactly one signs in', async () => {
    const account = await add();
    const { authenticator } = await act.addPasskey(account);
    const passkey = authenticator.get(await act.beginSignIn());
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        act.finishSignIn(passkey, { address: `198.51.100.${index}` }),
      ),
    );
    expect(answers.filter(({ tokens }) => tokens)).toHaveLength(1);
    // On a busy machine some wait too long for a connection.
    const refused = answers.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
    expect(refused).toHaveLength(199);
    expect(refused.filter((reason) => !['input.passkey', 'auth.unavailable'].includes(reason))).toEqual([]);
    expect(refused).toContain('input.passkey');
    // Neither does a replay make the passkey look copied.
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
  });

  it.each([
    ['of another origin', { origin: 'https://shop.example.evil.example' }, 'origin'],
    ['of another port', { origin: `${appOrigins[platform]}:8443` }, 'origin'],
    ['that did not check who uses it', { verifiesUser: false }, 'PIN'],
  ])('%s does not sign in', async (_, changes, word) => {
    const { authenticator } = await act.addPasskey(await add());
    const { tokens, reason, text } = await act.signInWith(authenticator, changes);
    expect([tokens, reason]).toEqual([undefined, 'input.passkey']);
    expect(text).toContain(word);
  });

  it('of another domain does not sign in', async () => {
    const { authenticator } = await act.addPasskey(await add());
    const options = await act.beginSignIn();
    for (const credential of authenticator.credentials) credential.rpId = 'evil.example';
    const { reason, text } = await act.finishSignIn(authenticator.get({ ...options, rpId: 'evil.example' }));
    expect([reason, text]).toEqual(['input.passkey', 'This passkey is of another domain.']);
  });

  it('of the other platform is unknown, and so is its challenge', async () => {
    const twin = await addOther(auth.database, { tenantId: auth.tenants.demo });
    const { authenticator } = await foreign.addPasskey(twin);
    const pretend = { origin: appOrigins[platform] };
    const [credential] = authenticator.credentials;
    const own = await act.beginSignIn();
    if (credential) credential.rpId = own.rpId as string;
    expect((await act.finishSignIn(authenticator.get(own, pretend))).reason).toBe('input.passkey');
    const mine = await act.addPasskey(await add());
    const foreignOptions = { ...(await foreign.beginSignIn()), rpId: own.rpId };
    const answer = await act.finishSignIn(mine.authenticator.get(foreignOptions));
    expect([answer.reason, answer.text]).toEqual(['input.passkey', expect.stringContaining('challenge')]);
  });

  it('of one tenant is unknown in another', async () => {
    const { authenticator } = await act.addPasskey(await add());
    const sender = { tenant: 'globex' };
    const answer = authenticator.get(await act.beginSignIn(sender));
    expect((await act.finishSignIn(answer, sender)).reason).toBe('input.passkey');
    const here = authenticator.get(await act.beginSignIn());
    expect((await act.finishSignIn(here, sender)).reason).toBe('input.passkey');
    expect((await act.finishSignIn(here)).tokens).toBeDefined();
  });

  it('does not sign in when its answer comes late, or was changed', async () => {
    const { authenticator } = await act.addPasskey(await add());
    const late = authenticator.get(await earlier(301, () => act.beginSignIn()));
    const answers: unknown[] = [late];
    const right = authenticator.get(await act.beginSignIn()) as { response: Record<string, string> };
    const { signature = '', authenticatorData = '', clientDataJSON = '' } = right.response;
    const counted = Buffer.from(authenticatorData, 'base64url');
    counted.writeUInt32BE(9999, 33);
    const change = (response: object) => ({ ...right, response: { ...right.response, ...response } });
    answers.push(
      change({ signature: `${signature.slice(0, -6)}AAAAAA` }),
      change({ authenticatorData: counted.toString('base64url') }),
      change({ clientDataJSON: clientDataJSON.slice(0, -4) }),
      change({ userHandle: Buffer.alloc(32).toString('base64url') }),
      change({ userHandle: null }),
      change({ authenticatorData: 'AAAA' }),
      { ...right, id: `${'A'.repeat(43)}` },
      { ...right, type: 'password' },
      {},
    );
    for (const answer of answers) expect((await act.finishSignIn(answer)).reason).toBe('input.passkey');
    expect((await act.finishSignIn(right)).tokens).toBeDefined();
  });

  it('of an account that is not active does not sign in', async () => {
    const account = await add();
    const { authenticator } = await act.addPasskey(account);
    const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
    await auth.database.query(`update ${table} set is_active = false where id = $1`, [account.id]);
    expect((await act.signInWith(authenticator)).reason).toBe('input.passkey');
  });

  it('of which there is a copy is refused and disabled, and the password alone opens nothing', async () => {
    const account = await add();
    const { authenticator, id, token, recoveryCodes } = await act.addPasskey(account);
    const copy = authenticator.copy();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    const refused = await act.signInWith(copy);
    expect([refused.reason, refused.text]).toEqual(['input.passkey', expect.stringContaining('copy')]);
    expect((await act.list(token))[0]?.disabledAt).not.toBeNull();
    expect(await auditOf(account.id)).toContain('auth.passkey.copied');
    // The owner's as well: nobody knows which of the two it is.
    expect((await act.signInWith(authenticator)).reason).toBe('input.passkey');
    const challenge = await act.challengeOf(account);
    const options = await act.beginChallenge(challenge.id);
    expect(options.allowCredentials).toEqual([]);
    expect((await act.complete(challenge.id, { passkey: authenticator.get(options) })).reason).toBe(
      'input.passkey',
    );
    const { tokens } = await act.complete(challenge.id, { recoveryCode: recoveryCodes[0] as string });
    expect((await act.remove((tokens as Tokens).accessToken, id)).body.data[act.fields.remove]).toBe(true);
  });

  it('of which there is a copy is disabled as a second factor too', async () => {
    const account = await add();
    const { authenticator, token } = await act.addPasskey(account);
    const copy = authenticator.copy();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    const challenge = await act.challengeOf(account);
    const passkey = copy.get(await act.beginChallenge(challenge.id));
    expect((await act.complete(challenge.id, { passkey })).reason).toBe('input.passkey');
    expect((await act.list(token))[0]?.disabledAt).not.toBeNull();
  });

  it('is not disabled by who has no key: a low counter under a wrong signature', async () => {
    const { authenticator, token } = await act.addPasskey(await add());
    const copy = authenticator.copy();
    expect((await act.signInWith(authenticator)).tokens).toBeDefined();
    const forged = copy.get(await act.beginSignIn()) as { response: Record<string, string> };
    forged.response.signature = `${forged.response.signature?.slice(0, -6)}AAAAAA`;
    expect((await act.finishSignIn(forged)).reason).toBe('input.passkey');
    expect((await act.list(token))[0]?.disabledAt).toBeNull();
  });

  it('is added once, by the account that began it, with what it was begun with', async () => {
    const [account, neighbour] = [await add(), await add()];
    const { authenticator, token } = await act.addPasskey(account);
    const { tokens } = await act.signIn(neighbour);
    const theirs = (tokens as Tokens).accessToken;
    const options = await act.beginRegistration(token);
    expect(options.excludeCredentials).toHaveLength(1);
    const made = act.createAuthenticator().create(options);
    expect(reasonOf(await act.finishRegistration(theirs, made))).toBe('input.passkey');
    expect(reasonOf(await act.finishRegistration(token, made, ''))).toBe('input.name');
    expect((await act.finishRegistration(token, made)).body.errors).toBeUndefined();
    expect(reasonOf(await act.finishRegistration(token, made))).toBe('input.passkey');
    const elsewhere = act.createAuthenticator({ origin: 'https://evil.example' });
    const foreignMade = elsewhere.create(await act.beginRegistration(token));
    expect(reasonOf(await act.finishRegistration(token, foreignMade))).toBe('input.passkey');
    // A sign-in is no registration.
    const used = authenticator.get(await act.beginSignIn());
    expect(reasonOf(await act.finishRegistration(token, used))).toBe('input.passkey');
    expect(await rows(account.id)).toHaveLength(2);
    expect(await rows(neighbour.id)).toHaveLength(0);
  });

  it('needs a recent sign-in to be added and removed, and the factor that the account has', async () => {
    const account = await add();
    const { tokens: early } = await act.signIn(account);
    const { id, authenticator } = await act.addPasskey(account);
    const before = (early as Tokens).accessToken;
    expect(reasonOf(await act.remove(before, id))).toBe('authz.step_up.required');
    const begun = await auth.ask(`mutation { ${act.fields.beginRegistration} }`, {}, { token: before });
    expect(reasonOf(begun)).toBe('authz.step_up.required');
    const { tokens: old } = await earlier(400, () => act.signInWith(authenticator));
    expect(reasonOf(await act.remove((old as Tokens).accessToken, id))).toBe('authz.step_up.required');
  });

  it('confirms who somebody is, alone where it has checked that, and beside the password', async () => {
    const account = await add();
    const { authenticator, token } = await act.addPasskey(account);
    const stranger = await act.addPasskey(await add());
    const ask = () => act.begin(act.fields.beginReauthentication, { token });
    const confirm = (input: object, by = token) =>
      auth.ask(
        `mutation ($input: ReauthenticateInput!) { ${act.fields.reauthenticate}(input: $input) { accessToken } }`,
        { input },
        { token: by },
      );
    const weak = authenticator.get(await ask(), { verifiesUser: false });
    expect(reasonOf(await confirm({ passkey: weak }))).toBe('input.passkey');
    const { password } = account;
    expect(reasonOf(await confirm({ password }))).toBe('input.totp');
    const theirs = authenticator.get(await ask());
    expect(reasonOf(await confirm({ passkey: theirs }, stranger.token))).toBe('input.passkey');
    const right = authenticator.get(await ask());
    const { body } = await confirm({ passkey: right });
    expect(amrOf(body.data[act.fields.reauthenticate])).toEqual(['pwd', 'hwk', 'user', 'mfa', 'aal2']);
    expect(reasonOf(await confirm({ passkey: right }))).toBe('input.passkey');
    const beside = authenticator.get(await ask(), { verifiesUser: false });
    expect((await confirm({ password, passkey: beside })).body.errors).toBeUndefined();
  });

  it('of another account can not be renamed or removed', async () => {
    const mine = await act.addPasskey(await add());
    const theirs = await act.addPasskey(await add());
    expect(reasonOf(await act.rename(theirs.token, mine.id, 'Mine now'))).toBe('input.id');
    expect(reasonOf(await act.remove(theirs.token, mine.id))).toBe('input.id');
    expect(await act.list(mine.token)).toMatchObject([{ name: 'My phone' }]);
  });
});
