import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { takeRequestIds } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from './entrance.test-support.ts';

const throttled = {
  message: 'Too many attempts. Wait a moment, then try again.',
  extensions: { code: 'RATE_LIMITED', reason: 'auth.throttled', retryAfterSeconds: 7 },
};
const input = 'input: { email: "a@example.com", password: "a wrong password" }';

describe('a sign-in that auth throttles', () => {
  const fetched: string[] = [];
  const auth = createServer(async (req, res) => {
    // A report, which is sent here about once a minute, has no query.
    const { query = '' } = (await json(req)) as { query?: string };
    if (query) fetched.push(query);
    const answer = query.includes('login')
      ? { data: null, errors: [{ ...throttled, path: ['login'] }] }
      : { data: { logout: true } };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify(answer));
  });
  let gateway: TestGateway;
  const ask = async (query: string, accept: string) => {
    const response = await fetch(`${gateway.urls.user}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: takeRequestIds((await response.json()) as object, response),
    };
  };
  beforeAll(async () => {
    await once(auth.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(auth.address() as AddressInfo).port}/graphql`;
    gateway = await startTestGateway({ AUTH_USER_URL: url, AUTH_PORTAL_URL: url });
  });
  afterAll(async () => {
    await gateway.stop();
    auth.closeAllConnections();
    auth.close();
  });

  it.each(['application/json', 'application/graphql-response+json', '*/*'])(
    'is 429 as a whole with Retry-After, for Accept: %s',
    async (accept) => {
      const { status, headers, body } = await ask(`mutation { login(${input}) { expiresIn } }`, accept);
      expect(status).toBe(429);
      expect(headers.get('retry-after')).toBe('7');
      expect(body).toMatchObject({ data: null, errors: [throttled] });
    },
  );

  it('leaves an answer that has data at 200', async () => {
    const { status, headers } = await ask('mutation { logout }', 'application/json');
    expect(status).toBe(200);
    expect(headers.get('retry-after')).toBeNull();
  });

  it.each([
    `a: login(${input}) { expiresIn } b: login(${input}) { expiresIn }`,
    `...f login(${input}) { expiresIn }`,
    `login(${input}) { expiresIn } refresh { expiresIn }`,
  ])('is never more than one in an operation: auth is not asked for { %s }', async (fields) => {
    fetched.length = 0;
    const fragment = fields.startsWith('...')
      ? `fragment f on Mutation { b: login(${input}) { expiresIn } }`
      : '';
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const { status, body } = await ask(`mutation { ${fields} } ${fragment}`, accept);
      expect(status).toBe(400);
      expect(body).toEqual({
        errors: [
          {
            message: expect.any(String),
            extensions: { code: 'BAD_USER_INPUT', reason: 'request.limit.credentials' },
          },
        ],
      });
    }
    expect(fetched).toEqual([]);
  });
});
