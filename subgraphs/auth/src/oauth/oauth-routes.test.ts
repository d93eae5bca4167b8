import { oauthPath } from '@signet/schema/contract';
import { createTestGateway } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../testing/auth.test-support.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.stop());

async function ask(question: unknown, entrance: 'graph' | 'user' | 'portal' = 'graph') {
  const url = new URL(oauthPath, auth.url).href;
  const body = JSON.stringify(question);
  const headers = createTestGateway({ recipient: 'auth', entrance }).headersOf({ url, body });
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('what entrances pass on of their OAuth routes', () => {
  it('is answered to the entrances of the platform alone', async () => {
    for (const [entrance, platform, status] of [
      ['graph', 'user', 200],
      ['graph', 'portal', 200],
      ['user', 'user', 200],
      ['portal', 'portal', 200],
      ['user', 'portal', 401],
      ['portal', 'user', 401],
    ] as const) {
      const answer = await ask({ platform, route: 'token', body: '' }, entrance);
      expect([entrance, platform, answer.status]).toEqual([entrance, platform, status]);
    }
  });

  it('is answered with a proof alone', async () => {
    const response = await fetch(new URL(oauthPath, auth.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"platform":"user","route":"token"}',
    });
    expect(response.status).toBe(401);
  });

  it.each([
    {},
    { platform: 'everybody', route: 'token' },
    { platform: 'user', route: 'constructor' },
    { platform: 'user', route: 'token', provider: 'idp' },
    { platform: 'user', route: 'start' },
    { platform: 'user', route: 'start', provider: 'a/b' },
    { platform: 'user', route: 'token', more: 'x' },
  ])('must be a question of the list (%j)', async (question) => {
    expect((await ask(question)).status).toBe(400);
  });

  it('is not there where the platform has nothing to answer', async () => {
    const { status, body } = await ask({ platform: 'user', route: 'start', provider: 'idp' });
    expect([status, body.status]).toEqual([200, 404]);
  });
});
