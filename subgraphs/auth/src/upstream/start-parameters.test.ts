import { type IdentityProvider, startIdentityProvider } from '@signet/testing/identity-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';
import { mailSettings } from '../testing/mails.test-support.ts';
import {
  clientOf,
  newBrowser,
  newFrontend,
  upstreamSteps,
  writeProviders,
} from '../testing/upstream.test-support.ts';
import { isReturnUrl } from './return-to.ts';

/** The one page to which people of a provider come back. */
const signedIn = 'https://globex.example/signed-in';
let auth: TestAuth;
let idp: IdentityProvider;
beforeAll(async () => {
  idp = await startIdentityProvider([clientOf('user', 'idp')]);
  auth = await startTestAuth({
    ...mailSettings,
    PROVIDERS_FILE: await writeProviders([
      { name: 'idp', platform: 'user', issuer: idp.issuer },
      { name: 'globex', platform: 'user', tenant: 'globex', issuer: idp.issuer, returnOrigins: [signedIn] },
    ]),
  });
});
afterAll(async () => {
  await auth.stop();
  await idp.stop();
});

const { start, ask } = upstreamSteps(() => auth, 'user');

describe('return_to', () => {
  const origins = ['https://shop.example', 'http://localhost:5173'];

  it.each([
    'https://shop.example/',
    'https://shop.example/app?tab=1&x=%2F%2Fevil.example',
    'http://localhost:5173/account',
  ])('may be %s', (url) => {
    expect(isReturnUrl(url, origins)).toBe(true);
  });

  it.each([
    '',
    '/',
    '//evil.example',
    '///evil.example',
    'https:evil.example',
    'https://evil.example/',
    'https://evil.example/https://shop.example/',
    'https://shop.example.evil.example/',
    'https://shop.example@evil.example/',
    'https://user@shop.example/',
    'https://user:password@shop.example/',
    'https://shop.example:443/',
    'https://shop.example:8443/',
    'http://shop.example/',
    'https://SHOP.example/',
    'https://shop.example',
    'https://shop.example\\@evil.example/',
    'https://evil.example\\@shop.example/',
    '\\\\evil.example',
    'https:\\\\shop.example/',
    'https:/shop.example/',
    ' https://shop.example/',
    'https://shop.example/ ',
    'https://shop.example/a/../b',
    'https://shop.example/\t',
    'https://shop.example/\r\nSet-Cookie: a=b',
    'https://shop\u3002example/',
    'https://shop.example\u2044evil',
    'https://ѕhop.example/',
    'https://shop.example/ä',
    'https://shop.example/#code=stolen',
    'https://shop.example/#',
    'javascript:alert(1)//https://shop.example/',
    'data:text/html,https://shop.example/',
    'blob:https://shop.example/app',
    'http://localhost:5174/',
    'http://localhost:5173.evil.example/',
    'http://[::1]:5173/',
    `https://shop.example/${'a'.repeat(500)}`,
  ])('may not be %j', (url) => {
    expect(isReturnUrl(url, origins)).toBe(false);
  });

  it('may be the one path that is named, with any query', () => {
    const places = ['https://shop.example/signed-in', 'https://desk.example'];
    for (const url of [
      'https://shop.example/signed-in',
      'https://shop.example/signed-in?from=/basket',
      'https://desk.example/any',
    ])
      expect([url, isReturnUrl(url, places)]).toEqual([url, true]);
    for (const url of [
      'https://shop.example/',
      'https://shop.example/signed-in/',
      'https://shop.example/signed-in/more',
      'https://shop.example/Signed-in',
      'https://shop.example/redirect?to=https://evil.example',
      'https://shop.example/signed%2Din',
      'https://shop.example/x/../signed-in',
      'https://desk.example.evil.example/signed-in',
    ])
      expect([url, isReturnUrl(url, places)]).toEqual([url, false]);
  });

  it('is checked before anybody is sent away', async () => {
    for (const return_to of [
      'https://evil.example/',
      'https://shop.example\\@evil.example/',
      '//evil.example',
    ]) {
      const { status, headers, cookies = [], body } = await start(newBrowser(), newFrontend(), { return_to });
      expect([status, headers.location, cookies.length]).toEqual([400, undefined, 0]);
      expect(body).not.toContain('evil');
    }
  });
});

it('comes back by default to the path that the provider names, and to no other of its origin', async () => {
  const globex = upstreamSteps(() => auth, 'user', 'globex');
  const statusOf = async (more: Record<string, string>) =>
    (await globex.start(newBrowser(), newFrontend(), more)).status;
  expect(await statusOf({})).toBe(303);
  expect(await statusOf({ return_to: `${signedIn}?tab=2` })).toBe(303);
  expect(await statusOf({ return_to: 'https://globex.example/redirect?to=//evil.example' })).toBe(400);
  expect(await statusOf({ return_to: 'https://shop.example/app' })).toBe(400);
});

describe('what a frontend sends along', () => {
  it('binds the browser by a cookie that no page reads and no other host gets', async () => {
    const { status, headers, cookies = [] } = await start(newBrowser(), newFrontend());
    expect([status, headers['cache-control']]).toEqual([303, 'no-store']);
    expect(headers.location).toMatch(new RegExp(`^${idp.issuer}/auth\\?`));
    expect(cookies).toEqual([
      expect.stringMatching(
        /^__Host-signet-user-upstream=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
  });

  it('serves several tabs of a browser with one cookie', async () => {
    const browser = newBrowser();
    await start(browser, newFrontend());
    const [secret] = browser.ours.values();
    await start(browser, newFrontend());
    expect([...browser.ours.values()]).toEqual([secret]);
  });

  it.each([
    ['no challenge', { code_challenge: '' }],
    ['a challenge that is no SHA-256', { code_challenge: 'x'.repeat(42) }],
    ['no method, which would be plain', { code_challenge_method: '' }],
    ['the method plain', { code_challenge_method: 'plain' }],
    ['another purpose', { purpose: 'both' }],
    ['another prompt', { prompt: 'login none' }],
    ['an age that is no number', { max_age: '-1' }],
    ['an age beyond a month', { max_age: '9999999' }],
  ])('is refused with %s', async (_name, more: Record<string, string>) => {
    expect((await start(newBrowser(), newFrontend(), more)).status).toBe(400);
  });

  it('stands once each', async () => {
    const { challenge } = newFrontend();
    const query = `code_challenge=${challenge}&code_challenge=${challenge}&code_challenge_method=S256`;
    expect((await ask({ route: 'start', query })).status).toBe(400);
  });

  it('passes prompt and max_age on', async () => {
    const { headers } = await start(newBrowser(), newFrontend(), { prompt: 'login', max_age: '0' });
    const { searchParams } = new URL(headers.location ?? '');
    expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '0']);
  });

  it('finds a provider on its platform and for its tenant alone', async () => {
    const query = `code_challenge=${newFrontend().challenge}&code_challenge_method=S256`;
    const statusOf = async (provider: string, tenant?: string) =>
      (await ask({ route: 'start', provider, query }, tenant ? { tenant } : {})).status;
    expect(await statusOf('idp')).toBe(303);
    expect(await statusOf('idp', 'demo')).toBe(303);
    expect(await statusOf('idp', 'globex')).toBe(404);
    expect(await statusOf('globex', 'demo')).toBe(404);
    expect(await statusOf('nobody')).toBe(404);
    const portal = upstreamSteps(() => auth, 'portal');
    expect((await portal.ask({ route: 'start', query })).status).toBe(404);
  });

  it('leaves no row behind', async () => {
    await start(newBrowser(), newFrontend());
    const rows = await auth.database.query(
      'select from auth.user_upstream_state union all select from auth.user_upstream_result',
    );
    expect(rows).toHaveLength(0);
  });
});
