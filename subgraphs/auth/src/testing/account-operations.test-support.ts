import { expect, vi } from 'vitest';
import type { TestAuth } from './auth.test-support.ts';
import { readMails, tokenOf } from './mails.test-support.ts';

/** One of many uses of a link at once succeeds; the others find it used, or an overloaded machine tells them to try again. */
export function expectOneWinner(answers: readonly Outcome[]): void {
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  const lost = answers.filter(({ data }) => !data).map(({ reason = '' }) => reason);
  expect(
    lost.filter((reason) => !['input.token', 'auth.throttled', 'auth.unavailable'].includes(reason)),
  ).toEqual([]);
}

/** The operations about addresses and lost passwords, by their names on each platform. */
export const accountFields = {
  user: {
    requestVerification: 'requestEmailVerification',
    verify: 'verifyEmail',
    requestReset: 'requestPasswordReset',
    reset: 'resetPassword',
    changeEmail: 'changeEmail',
    confirmEmail: 'confirmEmail',
    undoEmail: 'undoEmail',
  },
  portal: {
    requestVerification: 'requestPortalEmailVerification',
    verify: 'verifyPortalEmail',
    requestReset: 'requestPortalPasswordReset',
    reset: 'resetPortalPassword',
    changeEmail: 'changePortalEmail',
    confirmEmail: 'confirmPortalEmail',
    undoEmail: 'undoPortalEmail',
  },
} as const;

type Sender = { token?: string; tenant?: string; address?: string };
export type Outcome = { data?: unknown; reason?: string | undefined };

let lastAddress = 0;
/** A client of a network of its own, so that the throttles of networks keep out of tests about something else. */
export function newAddress(): string {
  lastAddress += 1;
  return `203.0.${lastAddress >> 8}.${lastAddress & 255}`;
}

/** Each operation gives its field's data, or the reason of its refusal. */
export function accountOperations(auth: () => TestAuth, platform: 'user' | 'portal') {
  const fields = accountFields[platform];
  const run = async (
    field: string,
    text: string,
    variables: object,
    sender: Sender = {},
  ): Promise<Outcome> => {
    const { body } = await auth().ask(text, { ...variables }, { address: newAddress(), ...sender });
    const reason = body.errors?.[0]?.extensions.reason ?? body.errors?.[0]?.message;
    return reason === undefined ? { data: body.data[field] } : { reason };
  };
  const withInput =
    (field: string, type: string, selection = '') =>
    (input: Record<string, unknown>, sender?: Sender) =>
      run(field, `mutation ($input: ${type}!) { ${field}(input: $input) ${selection} }`, { input }, sender);
  const verification = '{ verified next tokens { accessToken refreshToken deviceToken } }';
  return {
    requestVerification: (sender: Sender) =>
      run(fields.requestVerification, `mutation { ${fields.requestVerification} }`, {}, sender),
    verify: withInput(fields.verify, 'VerifyEmailInput', verification),
    requestReset: withInput(fields.requestReset, 'RequestPasswordResetInput'),
    reset: withInput(fields.reset, 'ResetPasswordInput', '{ endedSessions }'),
    changeEmail: withInput(fields.changeEmail, 'ChangeEmailInput'),
    confirmEmail: withInput(fields.confirmEmail, 'ConfirmEmailInput', verification),
    undoEmail: withInput(fields.undoEmail, 'UndoEmailInput'),
    /** The token of the latest mail of a template to an address, as soon as it is there. */
    tokenTo: (to: string, template: string) =>
      vi.waitFor(
        async () =>
          tokenOf((await readMails(auth(), platform, to)).findLast((mail) => mail.template === template)),
        { timeout: 5000, interval: 20 },
      ),
  };
}
