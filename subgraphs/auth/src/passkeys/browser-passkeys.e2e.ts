import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from '../../../../gateway/src/pages/chromium.test-support.ts';
import { addCustomer, addStaffMember, type TestAccount } from '../testing/accounts.test-support.ts';
import { startTestAuth, type TestAuth, type Tokens } from '../testing/auth.test-support.ts';
import {
  openPasskeyTab,
  type PasskeyPages,
  type PasskeyTab,
  startPasskeyPages,
} from '../testing/passkey-pages.test-support.ts';
import { amrOf, passkeyOperations, reasonOf } from '../testing/passkeys.test-support.ts';

/** Three origins with one RP ID: a browser offers each of them the passkeys of all. Only auth tells them apart. */
let pages: { user: PasskeyPages; portal: PasskeyPages; stranger: PasskeyPages };
let auth: TestAuth;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  const start = () => startPasskeyPages(() => auth);
  const [user, portal, stranger, started] = await Promise.all([start(), start(), start(), startChromium()]);
  pages = { user, portal, stranger };
  browser = started;
  context = await browser.newContext();
  auth = await startTestAuth({
    USER_APP_URL: user.origin,
    PORTAL_APP_URL: portal.origin,
    STAFF_MFA: 'required',
  });
});
afterAll(async () => {
  await browser?.close();
  await auth?.stop();
  await Promise.all(Object.values(pages ?? {}).map((server) => server.stop()));
});
afterEach(() => Promise.all(context.pages().map((page) => page.close())));

/** What a person does at the page of a tab. */
const at = (tab: PasskeyTab, platform: 'user' | 'portal' = 'user') =>
  passkeyOperations(() => ({ ...auth, ask: tab.ask }), platform);
const openTab = (options?: object) => openPasskeyTab(context, pages.user, options);
const addAccount = () => addCustomer(auth.database, { tenantId: auth.tenants.demo });

/** Adds the tab's first passkey to a new customer. */
async function addPasskey(tab: PasskeyTab): Promise<{ account: TestAccount; token: string; id: string }> {
  const account = await addAccount();
  const act = at(tab);
  const { accessToken: token } = (await act.signIn(account)).tokens as Tokens;
  const made = await tab.run('create', await act.beginRegistration(token));
  const { body } = await act.finishRegistration(token, made);
  expect(body.errors).toBeUndefined();
  return { account, token, id: body.data.finishPasskeyRegistration.passkey.id };
}

describe('in Chromium, a customer', () => {
  it('adds a passkey, answers the challenge after a password with it, and signs in with it alone', async () => {
    const tab = await openTab();
    const act = at(tab);
    const { account, token } = await addPasskey(tab);
    expect(await act.list(token)).toMatchObject([{ name: 'My phone', lastUsedAt: null, disabledAt: null }]);

    const challenge = await act.challengeOf(account);
    expect(challenge.methods).toEqual(['passkey', 'recovery_code']);
    const factor = await tab.run('get', await act.beginChallenge(challenge.id));
    const { tokens } = await act.complete(challenge.id, { passkey: factor });
    expect(amrOf(tokens)).toEqual(['pwd', 'hwk', 'user', 'mfa', 'aal2']);

    const alone = await tab.run('get', await act.beginSignIn());
    expect(amrOf((await act.finishSignIn(alone)).tokens)).toEqual(['hwk', 'user', 'mfa', 'aal2']);
    expect((await act.finishSignIn(alone)).reason).toBe('input.passkey');

    const confirmed = await tab.run('get', await act.begin(act.fields.beginReauthentication, { token }));
    const { body } = await tab.ask(
      'mutation ($input: ReauthenticateInput!) { reauthenticate(input: $input) { accessToken } }',
      { input: { passkey: confirmed } },
      { token },
    );
    expect(amrOf(body.data?.reauthenticate)).toContain('mfa');
  });

  it('does all that also with what browsers have of their own', async () => {
    const tab = await openTab();
    const act = at(tab);
    const account = await addAccount();
    const { accessToken: token } = (await act.signIn(account)).tokens as Tokens;
    const made = await tab.run('createPlain', await act.beginRegistration(token));
    expect((await act.finishRegistration(token, made)).body.errors).toBeUndefined();
    const challenge = await act.challengeOf(account);
    const passkey = await tab.run('getPlain', await act.beginChallenge(challenge.id));
    expect((await act.complete(challenge.id, { passkey })).tokens).toBeDefined();
    const alone = await tab.run('getPlain', await act.beginSignIn());
    expect((await act.finishSignIn(alone)).tokens).toBeDefined();
    const offered = await tab.run('getPlain', await act.beginSignIn(), 'conditional');
    expect((await act.finishSignIn(offered)).tokens).toBeDefined();
  });

  it('signs in by what the browser offers in the field of the form', async () => {
    const tab = await openTab();
    const act = at(tab);
    await addPasskey(tab);
    await tab.page.reload();
    const offered = await tab.run('autofill', await act.beginSignIn());
    expect(amrOf((await act.finishSignIn(offered)).tokens)).toEqual(['hwk', 'user', 'mfa', 'aal2']);
  });

  it('makes no second passkey with an authenticator that has one of the account', async () => {
    const tab = await openTab();
    const { token } = await addPasskey(tab);
    const options = await at(tab).beginRegistration(token);
    await expect(tab.run('create', options)).rejects.toThrow('previously registered');
  });

  it('can not sign in with a passkey that was removed, though the authenticator still has it', async () => {
    const tab = await openTab();
    const act = at(tab);
    const { id, token } = await addPasskey(tab);
    expect(reasonOf(await act.remove(token, id))).toBeUndefined();
    const used = await tab.run('get', await act.beginSignIn());
    expect(await act.finishSignIn(used)).toMatchObject({
      reason: 'input.passkey',
      text: 'This passkey is not known here, or does not work any more.',
    });
  });

  it('can not sign in with a copy whose counter stayed behind, nor with the original from then on', async () => {
    const tab = await openTab();
    const act = at(tab);
    const { token } = await addPasskey(tab);
    const { credentials } = (await tab.tell('getCredentials')) as { credentials: [object] };
    const use = async (by: PasskeyTab) => act.finishSignIn(await by.run('get', await act.beginSignIn()));
    expect((await use(tab)).tokens).toBeDefined();
    expect((await use(tab)).tokens).toBeDefined();
    const thief = await openTab();
    await thief.tell('addCredential', { credential: credentials[0] });
    expect(await use(thief)).toMatchObject({
      reason: 'input.passkey',
      text: expect.stringContaining('copy'),
    });
    expect((await act.list(token))[0]?.disabledAt).not.toBeNull();
    expect((await use(tab)).reason).toBe('input.passkey');
  });
});

describe('in Chromium, an authenticator that does not check who uses it', () => {
  it('signs nobody in: the browser does not even answer, and auth refuses an answer that was got by other options', async () => {
    const tab = await openTab();
    const act = at(tab);
    const { account } = await addPasskey(tab);
    await tab.tell('setUserVerified', { isUserVerified: false });
    const options = await act.beginSignIn();
    expect(options.userVerification).toBe('required');
    await expect(tab.run('get', { ...options, timeout: 1000 })).rejects.toThrow('NotAllowedError');
    await expect(tab.run('getPlain', { ...options, timeout: 1000 }, 'conditional')).rejects.toThrow(
      'NotAllowedError',
    );
    const used = await tab.run('get', { ...options, userVerification: 'discouraged' });
    expect(await act.finishSignIn(used)).toMatchObject({
      reason: 'input.passkey',
      text: expect.stringContaining('PIN'),
    });
    // After a password it is enough that somebody has it.
    const challenge = await act.challengeOf(account);
    const asked = await act.beginChallenge(challenge.id);
    const factor = await tab.run('get', { ...asked, userVerification: 'discouraged' });
    expect((await act.complete(challenge.id, { passkey: factor })).tokens).toBeDefined();
  });

  it('is a second factor, where it can not check anybody', async () => {
    const tab = await openTab({ transport: 'usb', hasResidentKey: false, hasUserVerification: false });
    const act = at(tab);
    const { account } = await addPasskey(tab);
    const challenge = await act.challengeOf(account);
    const factor = await tab.run('get', await act.beginChallenge(challenge.id));
    expect((await act.complete(challenge.id, { passkey: factor })).tokens).toBeDefined();
    await expect(tab.run('get', { ...(await act.beginSignIn()), timeout: 1000 })).rejects.toThrow();
  });
});

describe('in Chromium, a passkey', () => {
  it('is refused from a page of another origin, to sign in and to be added', async () => {
    const tab = await openTab();
    const act = at(tab);
    const { token } = await addPasskey(tab);
    await tab.page.goto(pages.stranger.origin);
    const refusal = { reason: 'input.passkey', text: 'Passkeys of this origin are not accepted.' };
    const used = await tab.run('get', await act.beginSignIn());
    expect(await act.finishSignIn(used)).toMatchObject(refusal);
    const stolen = { ...(await act.beginRegistration(token)), excludeCredentials: [] };
    const [error] = (await act.finishRegistration(token, await tab.run('create', stolen))).body.errors ?? [];
    expect([error?.extensions.reason, error?.message]).toEqual([refusal.reason, refusal.text]);
    // At a page of another domain it does not even come to that.
    await tab.page.goto(pages.user.origin.replace('localhost', '127.0.0.1'));
    await expect(tab.run('get', await act.beginSignIn())).rejects.toThrow('domain');
    expect(await act.list(token)).toHaveLength(1);
  });

  it('of staff does not sign in as a customer, nor one of a customer as staff', async () => {
    const tab = await openTab();
    const customer = at(tab);
    await addPasskey(tab);
    const customers = await tab.run('get', await customer.beginSignIn());

    // Staff who must add a factor, at their own page, with a new authenticator.
    const desk = await openPasskeyTab(context, pages.portal);
    const staff = at(desk, 'portal');
    const member = await addStaffMember(auth.database, { tenantId: auth.tenants.demo });
    const { id, methods } = await staff.challengeOf(member);
    expect(methods).toContain('enroll_passkey');
    const options = await staff.begin('beginPortalPasskeyEnrollment', {}, `(challenge: "${id}")`);
    const made = await desk.run('create', options);
    const { body } = await desk.ask(
      `mutation ($input: FinishPasskeyEnrollmentInput!) {
        finishPortalPasskeyEnrollment(input: $input) { tokens { accessToken } }
      }`,
      { input: { challenge: id, name: 'My key', passkey: made } },
    );
    expect(amrOf(body.data?.finishPortalPasskeyEnrollment.tokens)).toContain('mfa');
    const members = await desk.run('get', await staff.beginSignIn());

    // Each at its own page, to the other platform; then at the other platform's page, with its challenge.
    expect((await customer.finishSignIn(members)).reason).toBe('input.passkey');
    expect((await staff.finishSignIn(customers)).reason).toBe('input.passkey');
    await desk.page.goto(pages.user.origin);
    const carried = await desk.run('get', await at(desk, 'user').beginSignIn());
    expect(await customer.finishSignIn(carried)).toMatchObject({
      reason: 'input.passkey',
      text: 'This passkey is not known here, or does not work any more.',
    });
    await tab.page.goto(pages.portal.origin);
    const back = await tab.run('get', await at(tab, 'portal').beginSignIn());
    expect(await staff.finishSignIn(back)).toMatchObject({
      reason: 'input.passkey',
      text: 'This passkey is not known here, or does not work any more.',
    });
    await desk.page.goto(pages.portal.origin);
    const own = await desk.run('get', await staff.beginSignIn());
    expect((await staff.finishSignIn(own)).tokens).toBeDefined();
  });
});
