import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MailboxMail } from '@signet/schema/contract';
import {
  type Answer,
  assertData,
  assertThat,
  createSoftwareAuthenticator,
  type SmokeClient,
  type SmokeContext,
} from '@signet/testing/smoke';
import { TOTP } from 'otpauth';

type Walk = Pick<SmokeContext, 'user' | 'portal' | 'step'> & {
  /** An entrance that shows the mailbox. */
  mailUrl: string;
  /** A member of staff who may invite others. */
  admin: { email: string; password: string };
};
type Tokens = { accessToken: string };
type Challenge = { id: string; methods: string[] };

/**
 * What people do with their accounts, by the mails that a development platform shows at `/mailbox`: register, verify, reset, an authenticator
 * app, step-up, a passkey, and an invitation to the staff. Makes a customer and a member of staff, and ends both again.
 *
 * @returns false where the deployment shows no mails: then nothing was tried.
 */
export async function walkAccounts({ user, portal, step, mailUrl, admin }: Walk): Promise<boolean> {
  if ((await readMailbox(mailUrl)) === undefined) return false;
  const linkTo = (email: string, template: string) => findLink(mailUrl, email, template);
  const email = `smoke-${randomBytes(6).toString('hex')}@example.com`;
  const passwords = { first: inventPassword(), second: inventPassword() };
  const held = { token: '', elsewhere: '', recoveryCode: '' };

  await step('a new customer registers, and the answer tells nothing', async () => {
    const input = { email, password: passwords.first };
    const challenge = readChallenge(await user.query(operations.register, undefined, { input }));
    const { token } = await linkTo(email, 'verify-email');
    const data = assertData(
      await user.query(operations.verifyEmail, undefined, { input: { token, challenge: challenge.id } }),
    );
    const { verified, tokens } = data.verifyEmail as { verified: boolean; tokens: Tokens | null };
    assertThat(verified && tokens !== null, 'the link of the mail did not verify the address');
    const again = await user.query(operations.verifyEmail, undefined, {
      input: { token, challenge: challenge.id },
    });
    assertReason(again, 'input.token');
    return `${email}, by the link of a mail, which works once`;
  });
  await step('a forgotten password is reset by mail, and all sessions end', async () => {
    assertData(await user.query(operations.requestReset, undefined, { input: { email } }));
    const { token } = await linkTo(email, 'reset-password');
    const data = assertData(
      await user.query(operations.reset, undefined, { input: { token, newPassword: passwords.second } }),
    );
    assertThat(
      (data.resetPassword as { endedSessions: number }).endedSessions === 1,
      'the session did not end',
    );
    assertReason(await login(user, email, passwords.first), 'auth.failure.invalid_credentials');
    held.token = tokenOf(await login(user, email, passwords.second), 'login');
    held.elsewhere = tokenOf(await login(user, email, passwords.second), 'login');
    return 'the old password signs in no more, the new one does';
  });
  await step('an authenticator app is asked for at the next sign-in', async () => {
    const { beginTotp } = assertData(await user.query('mutation { beginTotp { uri secret } }', held.token));
    const { secret } = beginTotp as { secret: string };
    const code = await codesOf(secret);
    const added = assertData(
      await user.query(
        'mutation ($code: String!) { confirmTotp(code: $code) { recoveryCodes } }',
        held.token,
        { code: code.now },
      ),
    );
    held.recoveryCode = (added.confirmTotp as { recoveryCodes: string[] }).recoveryCodes[0] ?? '';
    const challenge = readChallenge(await login(user, email, passwords.second));
    assertThat(challenge.methods.includes('totp'), `its methods are ${challenge.methods}`);
    const complete = (totp: string) =>
      user.query(operations.completeChallenge, undefined, { input: { id: challenge.id, totp } });
    assertReason(await complete(code.now), 'input.totp');
    tokenOf(await complete(code.next), 'completeChallenge');
    return 'and no code works twice';
  });
  await step('a session without the factor steps up before it takes the factor away', async () => {
    const remove = (token: string) => user.query('mutation { removeTotp }', token);
    assertReason(await remove(held.elsewhere), 'authz.step_up.required');
    const input = { password: passwords.second, recoveryCode: held.recoveryCode };
    const proven = await user.query(operations.reauthenticate, held.elsewhere, { input });
    assertData(await remove(tokenOf(proven, 'reauthenticate')));
    return 'by a recovery code';
  });
  await step('a passkey signs in without a password', async () => {
    const { origin } = await linkTo(email, 'reset-password');
    const authenticator = createSoftwareAuthenticator({ origin });
    const { begun } = assertData(
      await user.query('mutation { begun: beginPasskeyRegistration }', held.token),
    );
    const made = { name: 'Smoke', passkey: authenticator.create(begun as Record<string, unknown>) };
    assertData(await user.query(operations.addPasskey, held.token, { input: made }));
    const { asked } = assertData(await user.query('mutation { asked: beginPasskeySignIn }'));
    const input = { passkey: authenticator.get(asked as Record<string, unknown>) };
    held.token = tokenOf(
      await user.query(operations.passkeySignIn, undefined, { input }),
      'finishPasskeySignIn',
    );
    assertReason(await user.query(operations.passkeySignIn, undefined, { input }), 'input.passkey');
    return 'and what it signed works once';
  });
  await walkInvitation({ portal, step, linkTo, admin });
  return true;
}

type InvitationWalk = Pick<Walk, 'portal' | 'step' | 'admin'> & {
  linkTo(email: string, template: string): Promise<{ token: string }>;
};

async function walkInvitation({ portal, step, linkTo, admin }: InvitationWalk): Promise<void> {
  await step('staff are invited by mail, and locked out again', async () => {
    const token = tokenOf(await login(portal, admin.email, admin.password, 'portalLogin'), 'portalLogin');
    const email = `smoke-${randomBytes(6).toString('hex')}@example.com`;
    const invited = { email, fullName: 'Smoke Walk', role: 'support' };
    assertData(await portal.query(operations.invite, token, { input: invited }));
    const link = await linkTo(email, 'staff-invitation');
    const input = { token: link.token, password: inventPassword() };
    const accepted = tokenOf(await portal.query(operations.accept, undefined, { input }), 'acceptInvitation');
    assertReason(await portal.query(operations.accept, undefined, { input }), 'input.token');
    const { portalMe } = assertData(await portal.query('{ portalMe { id role } }', accepted)) as {
      portalMe: { id: string; role: string };
    };
    assertThat(portalMe.role === 'support', `the role is ${portalMe.role}`);
    assertData(
      await portal.query('mutation ($id: ID!) { deactivateStaff(id: $id) { isActive } }', token, {
        id: portalMe.id,
      }),
    );
    return 'the link works once';
  });
}

const operations = {
  register: 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
  verifyEmail:
    'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { verified tokens { accessToken } } }',
  requestReset: 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) }',
  reset: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { endedSessions } }',
  completeChallenge:
    'mutation ($input: CompleteChallengeInput!) { completeChallenge(input: $input) { accessToken } }',
  reauthenticate: 'mutation ($input: ReauthenticateInput!) { reauthenticate(input: $input) { accessToken } }',
  addPasskey:
    'mutation ($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) { passkey { id } } }',
  passkeySignIn:
    'mutation ($input: FinishPasskeySignInInput!) { finishPasskeySignIn(input: $input) { accessToken } }',
  invite: 'mutation ($input: InviteStaffInput!) { inviteStaff(input: $input) { id } }',
  accept: 'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { accessToken } }',
};

function login(client: SmokeClient, email: string, password: string, field = 'login'): Promise<Answer> {
  return client.query(
    `mutation ($input: LoginInput!) { ${field}(input: $input) { accessToken } }`,
    undefined,
    {
      input: { email, password },
    },
  );
}

function tokenOf(answer: Answer, field: string): string {
  const { accessToken } = (assertData(answer)[field] ?? {}) as Partial<Tokens>;
  assertThat(typeof accessToken === 'string', `${field} gave no access token`);
  return accessToken;
}

function assertReason({ errors }: Answer, reason: string): void {
  const [error] = errors ?? [];
  assertThat(
    error?.extensions?.reason === reason,
    `expected ${reason}, got ${JSON.stringify(errors ?? 'data')}`,
  );
}

function readChallenge(answer: Answer): Challenge {
  assertReason(answer, 'auth.challenge_required');
  const extensions = answer.errors?.[0]?.extensions as { challenge?: Challenge } | undefined;
  assertThat(typeof extensions?.challenge?.id === 'string', 'the refusal has no challenge');
  return extensions.challenge;
}

/** The codes of this moment and of the next step, which clocks that differ allow (RFC 6238, section 5.2). */
async function codesOf(secret: string): Promise<{ now: string; next: string }> {
  const app = new TOTP({ secret });
  // A step that ends meanwhile would take the first code with it.
  if (app.remaining() < 5000) await sleep(app.remaining());
  return { now: app.generate(), next: app.generate({ timestamp: Date.now() + app.period * 1000 }) };
}

/** Where the newest mail of a template to an address leads. Some mails are written after the answer, which must not tell by its time. */
async function findLink(
  mailUrl: string,
  email: string,
  template: string,
): Promise<{ token: string; origin: string }> {
  const ended = performance.now() + 10_000;
  for (;;) {
    const mails = (await readMailbox(mailUrl)) ?? [];
    const mail = mails.find((one) => one.to === email && one.template === template);
    if (mail) return readLink(mail);
    assertThat(performance.now() < ended, `/mailbox has no mail '${template}' to ${email}`);
    await sleep(100);
  }
}

function readLink({ template, text }: MailboxMail): { token: string; origin: string } {
  const [link = '', token = ''] = /https?:\/\/\S+#token=([\w-]+)/.exec(text) ?? [];
  assertThat(token !== '', `the mail '${template}' has no link with a token`);
  return { token, origin: new URL(link).origin };
}

/** Undefined where there is no such page. */
async function readMailbox(mailUrl: string): Promise<readonly MailboxMail[] | undefined> {
  const response = await fetch(`${mailUrl}/mailbox`, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 404) return undefined;
  assertThat(response.ok, `/mailbox answers ${response.status}`);
  return (await response.json()) as readonly MailboxMail[];
}

function inventPassword(): string {
  return randomBytes(18).toString('base64url');
}
