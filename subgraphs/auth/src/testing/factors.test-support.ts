import { Secret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import type { TestAccount } from './accounts.test-support.ts';
import { signInOperation, type TestAuth, type Tokens } from './auth.test-support.ts';

/** The same operations under each platform's names. */
export const factorFields = {
  user: {
    login: 'login',
    complete: 'completeChallenge',
    begin: 'beginTotp',
    confirm: 'confirmTotp',
    remove: 'removeTotp',
    renew: 'renewRecoveryCodes',
    list: 'myFactors',
    refresh: 'refresh',
  },
  portal: {
    login: 'portalLogin',
    complete: 'completePortalChallenge',
    begin: 'beginPortalTotp',
    confirm: 'confirmPortalTotp',
    remove: 'removePortalTotp',
    renew: 'renewPortalRecoveryCodes',
    list: 'portalFactors',
    refresh: 'portalRefresh',
  },
} as const;
type Platform = keyof typeof factorFields;

export type SentChallenge = { id: string; methods: string[]; expiresAt: string };
type Answer = {
  totp?: string;
  recoveryCode?: string;
  passkey?: unknown;
  deviceToken?: string | null | undefined;
  rememberDevice?: boolean;
};
type Sender = { token?: string; tenant?: string; address?: string };

/** What a person with an authenticator app does. The app's clock is that of the service. */
export function factorOperations(auth: () => TestAuth, platform: Platform) {
  const fields = factorFields[platform];
  const nowMs = () => (auth().clock.stoppedAt ?? Date.now()) + auth().clock.aheadSeconds * 1000;
  const totpOf = (secret: string) => new TOTP({ secret: Secret.fromBase32(secret) });
  const codeOf = (secret: string, afterSteps = 0) =>
    totpOf(secret).generate({ timestamp: nowMs() + afterSteps * 30_000 });
  const signIn = async (account: TestAccount, input: object = {}, sender: Sender = {}) => {
    const { email, password } = account;
    const query = signInOperation(fields.login).replace('expiresIn', 'expiresIn deviceToken');
    const answer = await auth().ask(query, { input: { email, password, ...input } }, sender);
    return {
      body: answer.body,
      tokens: answer.body.data?.[fields.login] as (Tokens & { deviceToken: string }) | undefined,
      challenge: (answer.body.errors?.[0]?.extensions as { challenge?: SentChallenge } | undefined)
        ?.challenge,
    };
  };
  const begin = (token: string) => auth().ask(`mutation { ${fields.begin} { secret uri } }`, {}, { token });
  const confirm = (token: string, code: string) =>
    auth().ask(
      `mutation ($code: String!) { ${fields.confirm}(code: $code) { recoveryCodes } }`,
      { code },
      { token },
    );
  return {
    fields,
    codeOf,
    signIn,
    begin,
    confirm,
    async challengeOf(account: TestAccount, sender?: Sender): Promise<SentChallenge> {
      const { challenge, body } = await signIn(account, {}, sender);
      expect(challenge, JSON.stringify(body)).toBeDefined();
      return challenge as SentChallenge;
    },
    complete: async (id: string, answer: Answer, sender: Sender = {}) => {
      const { body } = await auth().ask(
        `mutation ($input: CompleteChallengeInput!) {
          ${fields.complete}(input: $input) { accessToken refreshToken expiresIn deviceToken }
        }`,
        { input: { id, ...answer } },
        sender,
      );
      return {
        body,
        tokens: body.data?.[fields.complete] as (Tokens & { deviceToken: string }) | undefined,
        reason: body.errors?.[0]?.extensions.reason as string | undefined,
      };
    },
    remove: (token: string) => auth().ask(`mutation { ${fields.remove} }`, {}, { token }),
    renew: (token: string) => auth().ask(`mutation { ${fields.renew} }`, {}, { token }),
    list: (token: string) =>
      auth().ask(
        `{ ${fields.list} { totp { createdAt lastUsedAt } recoveryCodesLeft areRequired } }`,
        {},
        { token },
      ),
    refresh: async (refreshToken: string) => {
      const { body } = await auth().ask(
        `mutation ($input: RefreshInput) { ${fields.refresh}(input: $input) { accessToken refreshToken } }`,
        { input: { refreshToken } },
      );
      return {
        tokens: body.data?.[fields.refresh] as Tokens | undefined,
        reason: body.errors?.[0]?.extensions.reason as string | undefined,
      };
    },
    /** Adds an app to an account that has none. The step of the code that confirmed it is used. */
    async addTotp(
      account: TestAccount,
    ): Promise<{ secret: string; recoveryCodes: string[]; tokens: Tokens }> {
      const { tokens } = await signIn(account);
      const token = (tokens as Tokens).accessToken;
      const begun = await begin(token);
      const { secret } = begun.body.data[fields.begin];
      const { body } = await confirm(token, codeOf(secret, -1));
      expect(body.errors).toBeUndefined();
      return { secret, recoveryCodes: body.data[fields.confirm].recoveryCodes, tokens: tokens as Tokens };
    },
  };
}
