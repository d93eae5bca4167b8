import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from '../testing/account-operations.test-support.ts';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { factorOperations } from '../testing/factors.test-support.ts';
import { mailSettings, readMails } from '../testing/mails.test-support.ts';
import { makeDue, otherSubgraphs } from '../testing/personal-data.test-support.ts';
import { bothPlatforms } from '../testing/session-operations.test-support.ts';
import { clientOf, type Frontend, upstreamSteps, writeProviders } from '../testing/upstream.test-support.ts';

let auth: TestAuth;
let idp: IdentityProvider;
const others = otherSubgraphs(() => auth);
beforeAll(async () => {
  idp = await startIdentityProvider([clientOf('user', 'idp'), clientOf('portal', 'idp')]);
  const shared = { name: 'idp', issuer: idp.issuer } as const;
  auth = await startTestAuth(
    {
      ...mailSettings,
      PROVIDERS_FILE: await writeProviders([
        { ...shared, platform: 'user', domains: 'any' },
        { ...shared, platform: 'portal', domains: ['example.com'] },
      ]),
    },
    { personTiming: { pollMs: 20, closedSeconds: 0 } },
  );
});
afterAll(async () => {
  await auth.stop();
  await idp.stop();
});

const namesOf = {
  user: { list: 'myIdentities', link: 'linkIdentity', unlink: 'unlinkIdentity', login: 'login' },
  portal: {
    list: 'portalIdentities',
    link: 'linkPortalIdentity',
    unlink: 'unlinkPortalIdentity',
    login: 'portalLogin',
  },
} as const;
const newPassword = 'twelve blue plums in a boat';

let count = 0;
const newPerson = (more: Record<string, unknown> = {}) => {
  count += 1;
  return { sub: `person-${count}`, email: `person-${count}@example.com`, email_verified: true, ...more };
};
const reasonOf = (body: { errors?: readonly { extensions: Record<string, unknown> }[] }) =>
  body.errors?.[0]?.extensions.reason;

describe.each(bothPlatforms)('$platform: identities of an account', ({ platform, addAccount }) => {
  const { goThrough, complete, signIn } = upstreamSteps(() => auth, platform);
  const names = namesOf[platform];
  const table = platform === 'user' ? 'auth.user' : 'auth.portal_user';
  const verify = (id: string) =>
    auth.database.query(`update ${table} set email_verified = true where id = $1`, [id]);
  const list = async (token: string) =>
    (await auth.ask(`{ ${names.list} { id provider email linkedAt lastUsedAt } }`, {}, { token })).body.data[
      names.list
    ];
  const link = async (token: string, code: string | undefined, { verifier }: Pick<Frontend, 'verifier'>) => {
    const { body } = await auth.ask(
      `mutation ($input: LinkIdentityInput!) { ${names.link}(input: $input) { id provider } }`,
      { input: { code: code ?? '', verifier } },
      { token },
    );
    return { linked: body.data?.[names.link], reason: reasonOf(body) };
  };
  const unlink = async (token: string, id: string) => {
    const { body } = await auth.ask(`mutation ($id: ID!) { ${names.unlink}(id: $id) }`, { id }, { token });
    return body.data?.[names.unlink] ?? reasonOf(body);
  };
  const signedIn = async (email?: string) => {
    const account = await addAccount(auth.database, { tenantId: auth.tenants.demo, ...(email && { email }) });
    const { accessToken } = await auth.signIn(names.login, account);
    return { account, token: accessToken };
  };
  const linkPerson = async (token: string, person = newPerson()) => {
    const { code, frontend } = await goThrough(idp, person, { more: { purpose: 'link' } });
    return { person, ...(await link(token, code, frontend)) };
  };

  it('are linked by their owner, sign in from then on, and are taken away again', async () => {
    const { account, token } = await signedIn();
    expect(await list(token)).toEqual([]);
    // Another address than the account's, that nobody has verified here: the session says whose it is.
    const { person, linked } = await linkPerson(token);
    expect(linked).toMatchObject({ provider: 'idp' });
    expect(await list(token)).toMatchObject([{ id: linked.id, email: person.email, lastUsedAt: null }]);
    const signed = (await signIn(idp, person)).tokens;
    expect(decodeJwt(signed?.accessToken ?? '').sub).toBe(account.id);
    expect((await list(token))[0].lastUsedAt).not.toBeNull();

    expect(await unlink(token, crypto.randomUUID())).toBe('input.id');
    expect(await unlink(token, linked.id)).toBe(true);
    expect(await list(token)).toEqual([]);
    expect((await signIn(idp, person)).reason).toBe('auth.failure.not_linked');
    const [session] = await auth.database.query<{ end_reason: string }>(
      `select end_reason from auth.${platform}_session where id = $1`,
      [decodeJwt(signed?.accessToken ?? '').sid],
    );
    expect(session?.end_reason).toBe('ended');
    expect((await readMails(auth, platform, account.email)).map(({ template }) => template)).toEqual([
      'identity-linked',
      'identity-unlinked',
    ]);
  });

  it('that their owner took away come back by no address, only from a session', async () => {
    const { account, token } = await signedIn();
    await verify(account.id);
    const own = newPerson({ email: account.email });
    expect((await signIn(idp, own)).tokens).toBeDefined();
    const [{ id }] = await list(token);
    expect(await unlink(token, id)).toBe(true);
    for (const person of [own, newPerson({ email: account.email })]) {
      expect((await signIn(idp, person)).reason).toBe('auth.failure.not_linked');
    }
    expect(await list(token)).toEqual([]);
    expect(await unlink(token, id)).toBe('input.id');
    expect((await linkPerson(token, own)).linked).toMatchObject({ provider: 'idp' });
    expect(decodeJwt((await signIn(idp, own)).tokens?.accessToken ?? '').sub).toBe(account.id);
  });

  it('that go take the challenges with them that wait for a second factor', async () => {
    const { addTotp, challengeOf, complete: answer } = factorOperations(() => auth, platform);
    const { account } = await signedIn();
    const { recoveryCodes } = await addTotp(account);
    const [first = '', second = ''] = recoveryCodes;
    const { tokens } = await answer((await challengeOf(account)).id, { recoveryCode: first });
    const token = tokens?.accessToken ?? '';
    const { linked } = await linkPerson(token);
    const { id } = await challengeOf(account);
    expect(await unlink(token, linked.id)).toBe(true);
    expect((await answer(id, { recoveryCode: second })).reason).toBe('input.challenge');
  });

  it('are nobody else’s to see, to take, or to link a second time', async () => {
    const [one, two] = [await signedIn(), await signedIn()];
    const { person, linked } = await linkPerson(one.token);
    expect(await list(two.token)).toEqual([]);
    expect(await unlink(two.token, linked.id)).toBe('input.id');
    expect((await linkPerson(two.token, person)).reason).toBe('input.code');
    expect((await linkPerson(one.token, person)).reason).toBe('input.code');
    expect(await list(one.token)).toHaveLength(1);
  });

  it('are linked by what began for that alone, in the frontend that began it', async () => {
    const { token } = await signedIn();
    const sign = await goThrough(idp, newPerson());
    expect((await link(token, sign.code, sign.frontend)).reason).toBe('input.code');
    const begun = await goThrough(idp, newPerson(), { more: { purpose: 'link' } });
    expect((await complete(begun.code, begun.frontend)).reason).toBe('input.code');
    const other = await goThrough(idp, newPerson(), { more: { purpose: 'link' } });
    expect((await link(token, other.code, { verifier: 'x'.repeat(43) })).reason).toBe('input.code');
    expect(await list(token)).toEqual([]);
  });

  it('need a recent sign-in, and the second factor of an account that has one', async () => {
    const { token } = await signedIn();
    const { linked } = await linkPerson(token);
    auth.clock.aheadSeconds = -400;
    const { token: old } = await signedIn();
    const { account } = await signedIn();
    auth.clock.aheadSeconds = 0;
    expect((await link(old, 'x'.repeat(43), { verifier: 'x'.repeat(43) })).reason).toBe(
      'authz.step_up.required',
    );
    expect(await unlink(old, linked.id)).toBe('authz.step_up.required');
    // A session from before the factor was there.
    const { accessToken } = await auth.signIn(names.login, account);
    await factorOperations(() => auth, platform).addTotp(account);
    expect((await linkPerson(accessToken)).reason).toBe('authz.step_up.required');
  });

  it('of a stranger do not outlive a reset by the owner of the mailbox', async () => {
    const { requestReset, reset, tokenTo } = accountOperations(() => auth, platform);
    const { account, token } = await signedIn();
    await verify(account.id);
    // One came with the same verified address, the other from a session, which may have been a thief's.
    const own = newPerson({ email: account.email });
    await signIn(idp, own);
    const { person: thief } = await linkPerson(token);
    await requestReset({ email: account.email });
    expect(await reset({ token: await tokenTo(account.email, 'reset-password'), newPassword })).toMatchObject(
      { data: {} },
    );
    expect((await signIn(idp, thief)).reason).toBe('auth.failure.not_linked');
    expect((await signIn(idp, own)).tokens).toBeDefined();
  });

  it('of a stranger do not outlive an undone change of the address', async () => {
    const { changeEmail, confirmEmail, undoEmail, tokenTo } = accountOperations(() => auth, platform);
    const { account, token } = await signedIn();
    await verify(account.id);
    const to = `thief-${account.email}`;
    await changeEmail({ newEmail: to }, { token });
    await confirmEmail({ token: await tokenTo(to, 'email-change') }, { token });
    const [linked, byAddress] = [(await linkPerson(token)).person, newPerson({ email: to })];
    if (platform === 'user') expect((await signIn(idp, byAddress)).reason).toBe('auth.failure.not_linked');
    await undoEmail({ token: await tokenTo(account.email, 'email-change-notice') });
    expect((await signIn(idp, linked)).reason).toBe('auth.failure.not_linked');
    expect((await signIn(idp, byAddress)).reason).toBe('auth.failure.not_linked');
  });
});

it('links an address that the provider may not vouch for to no member of staff', async () => {
  const account = await bothPlatforms[1].addAccount(auth.database, { tenantId: auth.tenants.demo });
  const { accessToken: token } = await auth.signIn('portalLogin', account);
  const { goThrough } = upstreamSteps(() => auth, 'portal');
  for (const person of [newPerson({ email: 'x@other.example' }), newPerson({ email_verified: false })]) {
    const { code, frontend } = await goThrough(idp, person, { more: { purpose: 'link' } });
    const { body } = await auth.ask(
      'mutation ($input: LinkIdentityInput!) { linkPortalIdentity(input: $input) { id } }',
      { input: { code, verifier: frontend.verifier } },
      { token },
    );
    expect(reasonOf(body)).toBe('input.code');
  }
});

describe('of a customer', () => {
  const { goThrough, signIn } = upstreamSteps(() => auth, 'user');
  const linkTo = async (token: string, person: ReturnType<typeof newPerson>) => {
    const { code, frontend } = await goThrough(idp, person, { more: { purpose: 'link' } });
    await auth.ask(
      'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { id } }',
      { input: { code, verifier: frontend.verifier } },
      { token },
    );
  };
  const newCustomer = async () => {
    const account = await bothPlatforms[0].addAccount(auth.database, { tenantId: auth.tenants.demo });
    return { account, token: (await auth.signIn('login', account)).accessToken };
  };

  it('nothing that a stranger linked to an unverified account is left when its owner comes', async () => {
    const { account, token } = await newCustomer();
    const stranger = newPerson();
    await linkTo(token, stranger);
    const { requestVerification, verify, tokenTo } = accountOperations(() => auth, 'user');
    await requestVerification({ token });
    const mailed = await tokenTo(account.email, 'verify-email');
    expect(await verify({ token: mailed, newPassword })).toMatchObject({ data: { verified: true } });
    expect((await signIn(idp, stranger)).reason).toBe('auth.failure.not_linked');
  });

  it('identities are in the copy of the data, and gone with the account', async () => {
    const { account, token } = await newCustomer();
    const person = newPerson();
    await linkTo(token, person);
    await auth.ask('mutation { exportAccount { id } }', {}, { token });
    await expect
      .poll(
        async () => {
          await others.answerAll(() => ({}));
          const { body } = await auth.ask('{ accountExports { data } }', {}, { token });
          return body.data.accountExports[0]?.data?.auth?.identities;
        },
        { timeout: 10_000, interval: 50 },
      )
      .toMatchObject([{ provider: 'idp', issuer: idp.issuer, subject: person.sub, linkedBy: 'session' }]);
    await auth.ask('mutation { deleteAccount { at } }', {}, { token });
    await makeDue(auth, account.id);
    await expect
      .poll(
        async () => {
          await others.answerAll(() => ({}));
          return auth.database.query('select from auth.user_identity where account_id = $1', [account.id]);
        },
        { timeout: 10_000, interval: 50 },
      )
      .toEqual([]);
    expect((await signIn(idp, person)).reason).toBe('auth.failure.not_linked');
  });
});
