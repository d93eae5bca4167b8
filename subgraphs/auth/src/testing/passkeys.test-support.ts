import { createSoftwareAuthenticator, type GraphqlAnswer, type SoftwareAuthenticator } from '@signet/testing';
import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import type { TestAccount } from './accounts.test-support.ts';
import type { TestAuth, Tokens } from './auth.test-support.ts';
import { factorOperations } from './factors.test-support.ts';

type Json = Record<string, unknown>;
export type Platform = 'user' | 'portal';

/** Where the pages of each platform are in tests. */
export const appOrigins = { user: 'https://shop.example', portal: 'https://staff.example' } as const;
export const passkeySettings = { USER_APP_URL: appOrigins.user, PORTAL_APP_URL: appOrigins.portal };

const namesOf = (part: '' | 'Portal') => ({
  list: part === '' ? 'myPasskeys' : 'portalPasskeys',
  beginRegistration: `begin${part}PasskeyRegistration`,
  finishRegistration: `finish${part}PasskeyRegistration`,
  rename: `rename${part}Passkey`,
  remove: `remove${part}Passkey`,
  beginSignIn: `begin${part}PasskeySignIn`,
  finishSignIn: `finish${part}PasskeySignIn`,
  beginChallenge: `begin${part}PasskeyChallenge`,
  beginReauthentication: `begin${part}PasskeyReauthentication`,
  reauthenticate: part === '' ? 'reauthenticate' : 'portalReauthenticate',
});
export const passkeyFields = { user: namesOf(''), portal: namesOf('Portal') };

type Sender = { token?: string; tenant?: string; address?: string };

export function reasonOf({ body }: GraphqlAnswer): string | undefined {
  return body.errors?.[0]?.extensions.reason;
}

/** What a person with an authenticator does, under each platform's names. */
export function passkeyOperations(auth: () => TestAuth, platform: Platform) {
  const fields = passkeyFields[platform];
  const factors = factorOperations(auth, platform);
  const origin = appOrigins[platform];
  /** Options of an operation that begins something. */
  const begin = async (field: string, sender: Sender = {}, argument = ''): Promise<Json> => {
    const answer = await auth().ask(`mutation { ${field}${argument} }`, {}, sender);
    expect(answer.body.errors, field).toBeUndefined();
    return answer.body.data[field];
  };
  const finishRegistration = (token: string, passkey: unknown, name = 'My phone') =>
    auth().ask(
      `mutation ($input: FinishPasskeyRegistrationInput!) {
        ${fields.finishRegistration}(input: $input) { passkey { id name isSynced } recoveryCodes }
      }`,
      { input: { name, passkey } },
      { token },
    );
  const finishSignIn = async (passkey: unknown, sender: Sender = {}) => {
    const answer = await auth().ask(
      `mutation ($input: FinishPasskeySignInInput!) {
        ${fields.finishSignIn}(input: $input) { accessToken refreshToken expiresIn deviceToken }
      }`,
      { input: { passkey } },
      sender,
    );
    return {
      tokens: answer.body.data?.[fields.finishSignIn] as Tokens | undefined,
      reason: reasonOf(answer),
      text: answer.body.errors?.[0]?.message as string | undefined,
    };
  };
  return {
    ...factors,
    fields,
    begin,
    finishRegistration,
    finishSignIn,
    createAuthenticator: (habits: object = {}) => createSoftwareAuthenticator({ origin, ...habits }),
    beginRegistration: (token: string) => begin(fields.beginRegistration, { token }),
    beginSignIn: (sender?: Sender) => begin(fields.beginSignIn, sender),
    beginChallenge: (id: string, sender?: Sender) =>
      begin(fields.beginChallenge, sender, `(challenge: "${id}")`),
    async signInWith(authenticator: SoftwareAuthenticator, changes: object = {}) {
      return finishSignIn(authenticator.get(await begin(fields.beginSignIn), changes));
    },
    list: async (token: string) => {
      const { body } = await auth().ask(
        `{ ${fields.list} { id name createdAt lastUsedAt isSynced disabledAt } }`,
        {},
        { token },
      );
      return body.data[fields.list] as { id: string; name: string; lastUsedAt: string; disabledAt: string }[];
    },
    remove: (token: string, id: string) =>
      auth().ask(`mutation ($id: ID!) { ${fields.remove}(id: $id) }`, { id }, { token }),
    rename: (token: string, id: string, name: string) =>
      auth().ask(
        `mutation ($id: ID!, $name: String!) { ${fields.rename}(id: $id, name: $name) { id name } }`,
        { id, name },
        { token },
      ),
    /** Adds a passkey of a new authenticator to an account that a password opens. */
    async addPasskey(account: TestAccount, habits: object = {}) {
      const authenticator = createSoftwareAuthenticator({ origin, ...habits });
      const { tokens } = await factors.signIn(account);
      const token = (tokens as Tokens).accessToken;
      const options = await begin(fields.beginRegistration, { token });
      const { body } = await finishRegistration(token, authenticator.create(options));
      expect(body.errors).toBeUndefined();
      const { passkey, recoveryCodes } = body.data[fields.finishRegistration];
      return { authenticator, id: passkey.id as string, recoveryCodes: recoveryCodes as string[], token };
    },
  };
}

export function amrOf(tokens: Tokens | undefined): unknown {
  const { amr, acr } = decodeJwt((tokens as Tokens).accessToken);
  return [...(amr as string[]), acr];
}
