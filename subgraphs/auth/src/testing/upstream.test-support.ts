import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OauthAnswer, type OauthQuestion, oauthPath, type Platform } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import {
  type Cookies,
  cookieHeaderOf,
  type IdentityProvider,
  keepCookies,
} from '@signet/testing/identity-provider';
import type { TestAuth } from './auth.test-support.ts';

export const publicUrl = 'https://api.example.com';
export const appOf = { user: 'https://shop.example/app', portal: 'https://desk.example/' } as const;

export const callbackOf = (platform: Platform, name: string) =>
  `${publicUrl}/oauth/${platform}/${name}/callback`;

/** A client of an IdentityProvider, as the providers of `providersFile` have it. */
export function clientOf(platform: Platform, name: string, settings: Record<string, unknown> = {}) {
  return {
    client_id: `signet-${platform}-${name}`,
    client_secret: 'a secret that only this test has',
    redirect_uris: [callbackOf(platform, name)],
    backchannel_logout_uri: `${publicUrl}/oauth/${platform}/${name}/backchannel-logout`,
    ...settings,
  };
}

type Entry = { name: string; platform: Platform; issuer: string; [setting: string]: unknown };

/** Writes a file for PROVIDERS_FILE. What an entry does not say is as `clientOf` has it. */
export async function writeProviders(entries: readonly Entry[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-providers-'));
  await writeFile(join(folder, 'secret'), 'a secret that only this test has\n');
  const providers = entries.map((entry) => ({
    tenant: 'demo',
    clientId: `signet-${entry.platform}-${entry.name}`,
    ...(!('privateKeyFile' in entry) && { clientSecretFile: 'secret' }),
    networks: ['127.0.0.0/8'],
    callbackUrl: callbackOf(entry.platform, entry.name),
    ...entry,
  }));
  const path = join(folder, 'providers.yaml');
  await writeFile(path, JSON.stringify({ providers }));
  return path;
}

/** What a browser has: cookies of the platform's entrance, and those of providers. */
export type Browser = { ours: Cookies; theirs: Cookies };
export const newBrowser = (): Browser => ({ ours: new Map(), theirs: new Map() });

export type Frontend = { verifier: string; challenge: string };
export function newFrontend(): Frontend {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** A person with a browser, a frontend of the platform, and a provider. */
export function upstreamSteps(auth: () => TestAuth, platform: Platform, name = 'idp') {
  const ask = async (question: Omit<OauthQuestion, 'platform'>, context: Record<string, string> = {}) => {
    const url = new URL(oauthPath, auth().url).href;
    const body = JSON.stringify({ platform, provider: name, ...question });
    const headers = createTestGateway({ recipient: 'auth', entrance: platform }).headersOf({
      url,
      body,
      context,
    });
    const response = await fetch(url, { method: 'POST', headers, body });
    if (response.status !== 200) throw new Error(`auth answered ${response.status}`);
    return (await response.json()) as OauthAnswer;
  };
  const askWith = async (
    browser: Browser,
    question: Omit<OauthQuestion, 'platform'>,
    context?: Record<string, string>,
  ) => {
    const cookie = cookieHeaderOf(browser.ours);
    const answer = await ask({ ...question, ...(cookie && { cookie }) }, context);
    keepCookies(browser.ours, answer.cookies ?? []);
    return answer;
  };
  /** The browser goes to `start`. */
  const start = (
    browser: Browser,
    { challenge }: Pick<Frontend, 'challenge'>,
    more: Record<string, string> = {},
  ) => {
    const query = new URLSearchParams({ code_challenge: challenge, code_challenge_method: 'S256', ...more });
    for (const [key, value] of Object.entries(more)) if (value === '') query.delete(key);
    return askWith(browser, { route: 'start', query: query.toString() });
  };
  /** The browser follows the provider until that sends it back. @returns the URL of the callback. */
  const visit = (provider: IdentityProvider, browser: Browser, location: string) =>
    provider.visit(location, browser.theirs, ({ origin }) => origin === publicUrl);
  const callBack = (browser: Browser, url: URL) =>
    askWith(browser, { route: 'callback', query: url.search.slice(1) });
  /** From the fragment of where the browser ends. */
  const fragmentOf = ({ headers }: OauthAnswer) => {
    const [target = '', fragment = ''] = (headers.location ?? '').split('#');
    return { target, ...Object.fromEntries(new URLSearchParams(fragment)) } as Record<string, string>;
  };
  /** All of it, up to the fragment. */
  const goThrough = async (
    provider: IdentityProvider,
    person: IdentityProvider['person'],
    { browser = newBrowser(), frontend = newFrontend(), more = {} as Record<string, string> } = {},
  ) => {
    provider.person = person;
    const started = await start(browser, frontend, more);
    const url = await visit(provider, browser, started.headers.location ?? '');
    const answer = await callBack(browser, url);
    return { ...fragmentOf(answer), answer, url, browser, frontend } as {
      target: string;
      code?: string;
      error?: string;
      answer: OauthAnswer;
      url: URL;
      browser: Browser;
      frontend: Frontend;
    };
  };
  const field = platform === 'user' ? 'completeUpstreamSignIn' : 'completePortalUpstreamSignIn';
  const complete = async (
    code = '',
    { verifier }: Pick<Frontend, 'verifier'>,
    sender: { tenant?: string; token?: string } = {},
  ) => {
    const { body } = await auth().ask(
      `mutation ($input: UpstreamSignInInput!) { ${field}(input: $input) { accessToken refreshToken deviceToken } }`,
      { input: { code, verifier } },
      sender,
    );
    const error = body.errors?.[0]?.extensions as
      | { reason: string; challenge?: { id: string; methods: string[] } }
      | undefined;
    const tokens = body.data?.[field] as { accessToken: string; refreshToken: string } | null | undefined;
    return { tokens: tokens ?? undefined, reason: error?.reason, challenge: error?.challenge };
  };
  /** A sign-in from beginning to end. */
  const signIn = async (
    provider: IdentityProvider,
    person: IdentityProvider['person'],
    more: Record<string, string> = {},
    sender: { tenant?: string; token?: string } = {},
  ) => {
    const { code, error, frontend } = await goThrough(provider, person, { more });
    if (code === undefined) throw new Error(`the sign-in ended with ${error}`);
    return complete(code, frontend, sender);
  };
  return { ask, askWith, start, visit, callBack, fragmentOf, goThrough, complete, signIn };
}
