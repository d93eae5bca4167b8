import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSession } from '../../gateway/src/pages/client/session.js';
import { keepTabs, readTabs } from './tabs.ts';

/** As where a person has forbidden it, or it is full. */
const refuse = () => {
  throw new DOMException('refused', 'SecurityError');
};

beforeEach(() => {
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('where the browser keeps nothing, the explorer works, and an account signs in and out', async () => {
  const tabs = readTabs('{ me { email } }');
  keepTabs(tabs);
  expect(tabs.all).toMatchObject([{ operation: '{ me { email } }' }]);
  const answers = [
    { data: { session: { accessToken: 'a.b.c', expiresIn: 60 } } },
    { data: { logout: true } },
  ];
  vi.stubGlobal('fetch', async () => Response.json(answers.shift()));
  const account = { email: 'ada@example.com', platform: 'user', password: 'x' };
  const session = createSession('/graphql', [account]);
  await session.signIn(account);
  expect(await session.token()).toBe('a.b.c');
  await session.signOut();
  expect(session.current()).toBeUndefined();
});
