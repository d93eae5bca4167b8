import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import {
  appOf,
  callbackOf,
  clientOf,
  newBrowser,
  newFrontend,
  upstreamSteps,
  writeProviders,
} from '../testing/upstream.test-support.ts';

/*
 * A provider that is wrong, or that somebody pretends to be. Nobody may be signed in by it, and nothing of the person's account may change.
 */

let auth: TestAuth;
let idp: IdentityProvider;
let other: IdentityProvider;
beforeAll(async () => {
  [idp, other] = await Promise.all([
    startIdentityProvider([clientOf('user', 'idp'), clientOf('user', 'elsewhere')]),
    startIdentityProvider([clientOf('user', 'other', { client_id: 'signet-user-idp' })]),
  ]);
  const shared = { platform: 'user', create: true, domains: 'any', stepUp: true } as const;
  auth = await startTestAuth({
    ...mailSettings,
    PROVIDERS_FILE: await writeProviders([
      { ...shared, name: 'idp', issuer: idp.issuer },
      { ...shared, name: 'other', issuer: other.issuer, clientId: 'signet-user-idp' },
      { ...shared, name: 'private', tenant: 'globex', issuer: idp.issuer, networks: [] },
    ]),
  });
});
afterAll(async () => {
  await auth.stop();
  await Promise.all([idp.stop(), other.stop()]);
});
afterEach(() => {
  idp.heal();
  other.heal();
});

const steps = upstreamSteps(() => auth, 'user');
const { start, visit, callBack, fragmentOf, goThrough, complete, askWith } = steps;

let count = 0;
const somebody = (more: Record<string, unknown> = {}) => {
  count += 1;
  const sub = `person-${count}`;
  return { sub, email: `${sub}@example.com`, email_verified: true, name: 'A Person', ...more };
};
/** How a sign-in of a new person ends. */
const signsIn = async (more: Record<string, string> = {}) => {
  const { code, error, frontend } = await goThrough(idp, somebody(), { more });
  if (error !== undefined) return error;
  const { tokens, reason } = await complete(code, frontend);
  return tokens ? 'signed in' : reason;
};

describe('an ID token', () => {
  it('is taken as the provider made it, also with more audiences that name us as the party', async () => {
    expect(await signsIn()).toBe('signed in');
    idp.faults.claims = ({ aud, ...claims }) => ({ ...claims, aud: [aud, 'more'], azp: 'signet-user-idp' });
    expect(await signsIn()).toBe('signed in');
  });

  const in5Minutes = () => Math.floor(Date.now() / 1000) + 300;
  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['with the nonce of another sign-in', (claims) => ({ ...claims, nonce: 'x'.repeat(43) })],
    ['without a nonce', ({ nonce: _, ...claims }) => claims],
    ['of another issuer', (claims) => ({ ...claims, iss: `${claims.iss}/` })],
    ['for another audience', (claims) => ({ ...claims, aud: 'signet-user-elsewhere' })],
    ['for an audience beside ours, without azp', (claims) => ({ ...claims, aud: [claims.aud, 'more'] })],
    ['for another party beside us', (claims) => ({ ...claims, aud: [claims.aud, 'more'], azp: 'more' })],
    ['that another party asked for', (claims) => ({ ...claims, azp: 'signet-user-elsewhere' })],
    ['that has expired', (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 })],
    ['that never expires', ({ exp: _, ...claims }) => claims],
    ['that is not valid yet', (claims) => ({ ...claims, nbf: in5Minutes() })],
    ['without a subject', ({ sub: _, ...claims }) => claims],
    ['whose subject is too long', (claims) => ({ ...claims, sub: 'x'.repeat(256) })],
    ['whose subject no database can hold', (claims) => ({ ...claims, sub: 'a\u0000b' })],
    ['whose session is no text', (claims) => ({ ...claims, sid: 7 })],
  ])('%s signs nobody in', async (_name, claims) => {
    idp.faults.claims = claims;
    expect(await signsIn()).toBe('server_error');
  });

  it.each<[string, NonNullable<IdentityProvider['faults']['sign']>]>([
    ['without a signature', (claims) => new UnsecuredJWT(claims).encode()],
    [
      'under a MAC with the secret of the client',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.from('a secret that only this test has')),
    ],
    [
      'by the key of another provider',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', kid: idp.key().kid })
          .sign(other.key().privateKey),
    ],
    [
      'with another algorithm of the same key',
      async (claims) => {
        const key = await crypto.subtle.exportKey('pkcs8', idp.key().privateKey);
        const algorithm = { name: 'RSA-PSS', hash: 'SHA-256' };
        const pss = await crypto.subtle.importKey('pkcs8', key, algorithm, false, ['sign']);
        return new SignJWT(claims).setProtectedHeader({ alg: 'PS256', kid: idp.key().kid }).sign(pss);
      },
    ],
  ])('%s signs nobody in', async (_name, sign) => {
    idp.faults.sign = sign;
    expect(await signsIn()).toBe('server_error');
  });

  it('is checked with the new keys after the provider has changed them, and not with the old', async () => {
    expect(await signsIn()).toBe('signed in');
    const old = idp.key();
    await idp.rotate();
    expect(await signsIn()).toBe('signed in');
    idp.faults.sign = (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: old.kid }).sign(old.privateKey);
    expect(await signsIn()).toBe('server_error');
  });

  it('must be as recent as was asked for', async () => {
    expect(await signsIn({ max_age: '60' })).toBe('signed in');
    idp.faults.claims = (claims) => ({ ...claims, auth_time: Math.floor(Date.now() / 1000) - 600 });
    expect(await signsIn({ max_age: '60' })).toBe('server_error');
    idp.faults.claims = ({ auth_time: _, ...claims }) => claims;
    expect(await signsIn({ max_age: '60' })).toBe('server_error');
    expect(await signsIn()).toBe('signed in');
  });
});

/** A browser that the provider has just sent back. */
async function comeBack(provider = idp, { challenge } = newFrontend()) {
  const browser = newBrowser();
  provider.person = somebody();
  const started = await start(browser, { challenge });
  return { browser, url: await visit(provider, browser, started.headers.location ?? '') };
}
const with_ = (url: URL, parameters: Record<string, string | undefined>) => {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) changed.searchParams.delete(name);
    else changed.searchParams.set(name, value);
  }
  return changed;
};

describe('the way back from a provider', () => {
  it('is open once, also to two at once', async () => {
    const { browser, url } = await comeBack();
    const asked = idp.tokenForms.length;
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => callBack(browser, url)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400, 400, 400, 400]);
    expect(answers.filter((answer) => fragmentOf(answer).code)).toHaveLength(1);
    expect((await callBack(browser, url)).status).toBe(400);
    expect(idp.tokenForms.length - asked).toBe(1);
  });

  it('is the way of the browser that began', async () => {
    const { browser, url } = await comeBack();
    const stranger = newBrowser();
    expect((await callBack(stranger, url)).status).toBe(400);
    await start(stranger, newFrontend());
    const answer = await callBack(stranger, url);
    expect([answer.status, answer.headers.location]).toEqual([400, undefined]);
    // The owner of the state is not kept out by it.
    expect(fragmentOf(await callBack(browser, url)).code).toBeDefined();
  });

  it('needs a state of ours that is not over and not changed', async () => {
    const { browser, url } = await comeBack();
    const state = url.searchParams.get('state') ?? '';
    const middle = Math.floor(state.length / 2);
    const flipped = `${state.slice(0, middle)}${state[middle] === 'A' ? 'B' : 'A'}${state.slice(middle + 1)}`;
    for (const wrong of [undefined, '', 'x', flipped, `${state}=`, `${state}A`, 'A'.repeat(5000)]) {
      expect((await callBack(browser, with_(url, { state: wrong }))).status).toBe(400);
    }
    const doubled = new URL(url);
    doubled.searchParams.append('state', state);
    expect((await callBack(browser, doubled)).status).toBe(400);
    auth.clock.aheadSeconds = 601;
    expect((await callBack(browser, url)).status).toBe(400);
    auth.clock.aheadSeconds = 0;
    expect(fragmentOf(await callBack(browser, url)).code).toBeDefined();
  });

  it('leads to the provider that was asked: a code of one is never sent to another', async () => {
    const { browser, url } = await comeBack();
    const asked = other.tokenForms.length;
    const mixed = await upstreamSteps(() => auth, 'user', 'other').callBack(browser, url);
    expect(mixed.status).toBe(400);
    // RFC 9207: the answer says that it is of another issuer, or of none.
    for (const iss of [other.issuer, `${idp.issuer}/`, undefined]) {
      const again = await comeBack();
      const before = idp.tokenForms.length;
      const answer = await callBack(again.browser, with_(again.url, { iss }));
      expect(fragmentOf(answer)).toMatchObject({ target: appOf.user, error: 'server_error' });
      expect(idp.tokenForms.length).toBe(before);
    }
    expect(other.tokenForms.length).toBe(asked);
  });

  it('takes a code once, and none of another sign-in', async () => {
    const [first, second] = [await comeBack(), await comeBack()];
    const code = first.url.searchParams.get('code') ?? '';
    // The verifier and the nonce are the second one's.
    expect(fragmentOf(await callBack(second.browser, with_(second.url, { code }))).error).toBe(
      'server_error',
    );
    expect(fragmentOf(await callBack(first.browser, first.url)).code).toBeDefined();
    // The provider has ended the code by now.
    const third = await comeBack();
    expect(fragmentOf(await callBack(third.browser, with_(third.url, { code }))).error).toBe('server_error');
  });

  it('tells the frontend what the provider answered, and nothing that a stranger could choose', async () => {
    expect((await goThrough(idp, undefined)).error).toBe('access_denied');
    const { browser, url } = await comeBack();
    const error = 'https://evil.example/?<script>';
    const answer = await callBack(browser, with_(url, { code: undefined, error, error_description: error }));
    expect(answer.headers.location).toBe(`${appOf.user}#error=server_error`);
  });
});

describe('a flood of codes that nobody gave', () => {
  it('ends for its network before the provider is asked, and nobody else notices', async () => {
    const begun = async () => {
      const browser = newBrowser();
      const { headers } = await start(browser, newFrontend());
      return { browser, state: new URL(headers.location ?? '').searchParams.get('state') ?? '' };
    };
    const invent = async (clientAddress: string) => {
      const { browser, state } = await begun();
      const query = new URLSearchParams({ state, code: 'invented', iss: idp.issuer }).toString();
      return fragmentOf(await askWith(browser, { route: 'callback', query }, { clientAddress })).error;
    };
    const before = idp.asked.get('/token') ?? 0;
    const answers: (string | undefined)[] = [];
    for (let count = 0; count < 70; count += 1) answers.push(await invent('203.0.113.66'));
    expect(answers.slice(0, 60).every((error) => error === 'server_error')).toBe(true);
    expect(answers.at(-1)).toBe('temporarily_unavailable');
    const asked = (idp.asked.get('/token') ?? 0) - before;
    expect(asked).toBe(answers.filter((error) => error === 'server_error').length);
    expect(await invent('203.0.113.67')).toBe('server_error');
  });
});

describe('PKCE', () => {
  it('is always S256, with a verifier of its own each time', async () => {
    const locations = await Promise.all(
      [1, 2].map(async () => (await start(newBrowser(), newFrontend())).headers.location ?? ''),
    );
    const [one, two] = locations.map((location) => new URL(location).searchParams);
    expect(one?.get('code_challenge_method')).toBe('S256');
    expect(one?.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    for (const name of ['code_challenge', 'nonce', 'state']) expect(one?.get(name)).not.toBe(two?.get(name));
    expect(one?.get('redirect_uri')).toBe(callbackOf('user', 'idp'));
  });

  it('cannot be taken out on the way: the provider then has a challenge less than we have a verifier', async () => {
    const browser = newBrowser();
    idp.person = somebody();
    const started = await start(browser, newFrontend());
    const stripped = with_(new URL(started.headers.location ?? ''), {
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    const url = await visit(idp, browser, stripped.href).catch(() => undefined);
    if (url) expect(fragmentOf(await callBack(browser, url)).error).toBeDefined();
    // Another one's challenge does not fit our verifier.
    const swapped = with_(new URL((await start(browser, newFrontend())).headers.location ?? ''), {
      code_challenge: newFrontend().challenge,
    });
    expect(fragmentOf(await callBack(browser, await visit(idp, browser, swapped.href))).error).toBe(
      'server_error',
    );
    expect(idp.tokenForms.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });
});

describe('a provider that does not answer', () => {
  it('keeps a person at a page with the way back, and is asked again', async () => {
    const away = upstreamSteps(() => auth, 'user', 'private');
    idp.asked.clear();
    const answer = await away.start(newBrowser(), newFrontend());
    // Its address is not public, and in no network of its entry.
    expect([answer.status, answer.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
    expect(answer.body).toContain(`href="${appOf.user}"`);
    expect([...idp.asked]).toEqual([]);
  });

  it('ends a sign-in under way with an error that says so', async () => {
    const { browser, url } = await comeBack();
    idp.faults.down = (path) => path === '/token';
    expect(fragmentOf(await callBack(browser, url)).error).toBe('temporarily_unavailable');
    const second = await comeBack();
    idp.faults = { answer: (path) => (path === '/token' ? { status: 503, body: 'later' } : undefined) };
    expect(fragmentOf(await callBack(second.browser, second.url)).error).toBe('temporarily_unavailable');
    idp.heal();
    expect(await signsIn()).toBe('signed in');
  });

  it('is not followed elsewhere', async () => {
    const { browser, url } = await comeBack();
    const before = other.asked.get('/token') ?? 0;
    idp.faults.answer = (path) =>
      path === '/token'
        ? { status: 307, headers: { location: `${other.issuer}/token` }, body: '' }
        : undefined;
    expect(fragmentOf(await callBack(browser, url)).error).toBe('server_error');
    expect(other.asked.get('/token') ?? 0).toBe(before);
  });

  it('is waited for no longer than a person does', async () => {
    const { browser, url } = await comeBack();
    idp.faults.slowMs = 20_000;
    const begun = performance.now();
    expect(fragmentOf(await callBack(browser, url)).error).toBe('temporarily_unavailable');
    expect(performance.now() - begun).toBeLessThan(9000);
  });
});
