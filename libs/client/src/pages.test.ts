import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSignetClient } from './index.ts';
import {
  beginUpstreamSignIn,
  keepRegistration,
  readRegistration,
  takeFragment,
  takeUpstreamResult,
} from './pages.ts';

let location: { origin: string; pathname: string; search: string; hash: string; assign(url: string): void };
let went: string;
let shown: string;

beforeEach(() => {
  went = shown = '';
  location = {
    origin: 'https://shop.example',
    pathname: '/page',
    search: '?to=%2F',
    hash: '',
    assign: (url) => {
      went = url;
    },
  };
  const kept = new Map<string, string>();
  const sessionStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
  const replaceState = (_state: unknown, _unused: string, url: string) => {
    shown = url;
    location.hash = '';
  };
  Object.assign(globalThis, {
    location,
    sessionStorage,
    localStorage: sessionStorage,
    history: { state: null, replaceState },
  });
});
afterEach(() => {
  for (const name of ['location', 'sessionStorage', 'localStorage', 'history'])
    Reflect.deleteProperty(globalThis, name);
  vi.unstubAllGlobals();
});

test('the token of a link is given once, and stays in no address', () => {
  location.hash = '#token=abc-_1';
  expect(takeFragment()).toEqual({ token: 'abc-_1' });
  expect(shown).toBe('/page?to=%2F');
  expect(takeFragment()).toEqual({});
});

test('a sign-in at a provider is completed by the tab that began it, once', async () => {
  const client = createSignetClient({ url: 'https://api.shop.example/graphql', platform: 'user' });
  await beginUpstreamSignIn(client, 'acme', { returnTo: '/signed-in' });
  const { origin, pathname, searchParams } = new URL(went);
  expect(origin + pathname).toBe('https://api.shop.example/oauth/user/acme/start');
  expect(searchParams.get('return_to')).toBe('https://shop.example/signed-in');
  location.hash = '#code=c0de';
  const result = takeUpstreamResult();
  expect(result).toMatchObject({ ok: true, value: { code: 'c0de' } });
  const verifier = result.ok ? result.value.verifier : '';
  expect(createHash('sha256').update(verifier).digest('base64url')).toBe(searchParams.get('code_challenge'));
  // What somebody else began and sent here as a link.
  location.hash = '#code=c0de';
  expect(takeUpstreamResult()).toMatchObject({
    ok: false,
    error: { kind: 'forbidden', reason: 'upstream.incomplete' },
  });
  client.close();
});

test('what a provider refused is an error of the one union', () => {
  location.hash = '#error=access_denied';
  expect(takeUpstreamResult()).toMatchObject({
    error: { kind: 'forbidden', reason: 'upstream.access_denied' },
  });
  location.hash = '#error=temporarily_unavailable';
  expect(takeUpstreamResult()).toMatchObject({ error: { kind: 'unavailable' } });
});

test('a registration is known in the tab of its link until it is over, and not without storage', () => {
  expect(readRegistration()).toBeUndefined();
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
  keepRegistration({ id: 'one', methods: ['email'], expiresAt: inMs(60_000) });
  expect(readRegistration()).toBe('one');
  keepRegistration({ id: 'two', methods: ['email'], expiresAt: inMs(-1) });
  expect(readRegistration()).toBeUndefined();
  Reflect.deleteProperty(globalThis, 'localStorage');
  keepRegistration({ id: 'three', methods: ['email'], expiresAt: inMs(60_000) });
  expect(readRegistration()).toBeUndefined();
});
