import { afterEach, beforeEach, vi } from 'vitest';
import { createSignetClient, type SignetClient } from './index.ts';

/** An entrance without a network: it answers what a test wants, and keeps what it was sent. */

export const url = 'https://api.shop.example/graphql';
export const me = '{ me { email } }';
export const ada = { email: 'ada@example.com', password: 'x' };

/** A token as auth gives it, of which the client reads the claims only. */
export function tokenOf(id: string, more: object = {}): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ sub: id, sid: `session of ${id}`, ...more }));
  const claims = btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');
  return `head.${claims}.${crypto.randomUUID()}`;
}

export type Sent = {
  operation: string;
  bearer: string | undefined;
  headers: Headers;
  init: RequestInit;
};

type Options = Partial<Parameters<typeof createSignetClient>[0]>;

export function createFakeEntrance() {
  const entrance = {
    sent: [] as Sent[],
    /** What it answers, by operation. */
    answers: {} as Record<string, (request: Sent) => Response | Promise<Response>>,
    makeClient: (options: Options = {}): SignetClient => {
      const client = createSignetClient({ url, platform: 'user', fetch: send, ...options });
      clients.push(client);
      return client;
    },
    /** How often an operation was sent. */
    count: (operation: string) => entrance.sent.filter((one) => one.operation === operation).length,
  };
  let clients: SignetClient[] = [];
  const send: typeof fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    const request: Sent = {
      operation:
        String(input) === url ? (/Signet_(\w+)/.exec(String(init.body))?.[1] ?? 'me') : String(input),
      bearer: headers.get('authorization')?.replace('Bearer ', ''),
      headers,
      init,
    };
    entrance.sent.push(request);
    return (
      (await entrance.answers[request.operation]?.(request)) ??
      Response.json({ data: { me: { email: 'ada@example.com' } } })
    );
  };
  beforeEach(() => {
    entrance.sent = [];
    entrance.answers = { refresh: () => refusal('auth.failure.missing_token') };
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients = [];
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  return entrance;
}

/** What auth gives at a sign-in and a renewal. */
export function payload(accessToken: string, expiresIn = 600): Response {
  return Response.json({
    data: { result: { accessToken, expiresIn, refreshToken: 'refresh', deviceToken: null } },
  });
}

export function refusal(reason: string, status: 401 | 403 | 429 | 503 = 401, retryAfter?: number): Response {
  const code = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 429: 'RATE_LIMITED', 503: 'SERVICE_UNAVAILABLE' }[
    status
  ];
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Response.json({ errors: [{ message: reason, extensions: { reason, code } }] }, { status, headers });
}

/** Clients in one process are as tabs then: Node has their channels and locks. */
export function stubDocument(): EventTarget & { visibilityState: string } {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('document', document);
  return document;
}

/** The answer to an operation, which the test gives when it wants. */
export function answerLater(): { asked: () => Promise<Response>; give(response: Response): void } {
  const { promise, resolve } = Promise.withResolvers<Response>();
  return { asked: () => promise, give: resolve };
}
