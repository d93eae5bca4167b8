import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { openProofIdentity, type ProofIdentity, readSignedMessage, type VerifiedProof } from '@signet/proof';
import { createLogger, type Logger, parseSignetContext } from '@signet/service';
import { postGraphql, proofEnvironment, reasonsOf } from '@signet/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../entrance/entrance.test-support.ts';
import { openEntranceProof } from './entrance-proof.ts';

const logger = createLogger('test', 'silent');
const products = '{ products(first: 1) { totalCount } }';

type Received = {
  proof: VerifiedProof | undefined;
  rawHeaders: string[];
  headers: IncomingMessage['headers'];
};

/** The portal subgraph, which verifies what it gets and answers what the test says. */
let subgraph: Server;
let identity: ProofIdentity;
let gateway: TestGateway;
const received: Received[] = [];
const told: { level: string; fields: Record<string, unknown> }[] = [];
const product = { data: { products: { totalCount: 7 } } };
/** As the subgraph answers: the gateway gives a field with arguments a response key of its own. */
const answered = { data: { _0_products: { totalCount: 7 } } };
let answer: { status: number; body: object };
beforeEach(() => {
  answer = { status: 200, body: answered };
  received.length = 0;
  told.length = 0;
});

beforeAll(async () => {
  const { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile } = proofEnvironment('portal');
  identity = await openProofIdentity({ name: 'portal', keyFile, peersFile, logger });
  subgraph = createServer(async (req, res) => {
    // The health check that follows a fault.
    if (req.url === '/health/live') return void res.end();
    const { rawHeaders, headers } = req;
    const message = readSignedMessage(req, await buffer(req));
    received.push({ proof: identity.verifier.verify(message), rawHeaders, headers });
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await once(subgraph.listen(0, '127.0.0.1'), 'listening');
  const tell = (level: string) => (fields: Record<string, unknown>) => void told.push({ level, fields });
  const listening = Object.assign(Object.create(logger), { warn: tell('warn'), error: tell('error') });
  const url = `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`;
  gateway = await startTestGateway({ PORTAL_URL: url }, listening as Logger);
});
afterAll(async () => {
  await gateway?.stop();
  identity?.stop();
  subgraph?.close();
});

const ask = (headers: Record<string, string> = {}, entrance: 'graph' | 'user' | 'portal' = 'user') =>
  postGraphql(`${gateway.urls[entrance]}/graphql`, { query: products }, { headers });

describe('a fetch', () => {
  it.each(['graph', 'user', 'portal'] as const)(
    "is signed with the key of the entrance '%s'",
    async (entrance) => {
      expect((await ask({}, entrance)).body).toEqual(product);
      expect(received.map(({ proof }) => proof?.sender)).toEqual([
        { name: `gateway-${entrance}`, role: 'gateway', entrance },
      ]);
    },
  );

  it('is signed anew each time', async () => {
    await ask();
    await ask();
    const nonces = received.map(({ proof }) => proof?.nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  it('carries the token covered, and says whether there is one', async () => {
    await ask({ authorization: `Bearer ${gateway.tokens.customer}` });
    await ask();
    const told = received.map(({ headers }) => [
      headers['signature-input']?.includes('"authorization"'),
      parseSignetContext(String(headers['signet-context']))?.hasToken,
    ]);
    expect(told).toEqual([
      [true, true],
      [false, false],
    ]);
  });

  it("carries nothing of what the client says in the gateway's own headers", async () => {
    const forged = {
      'signet-context': 'id="forged", entrance="portal", address="203.0.113.9", auth=?1',
      signature: 'signet=:Zm9yZ2Vk:',
      'signature-input': 'signet=("@method");nonce="forged"',
      'content-digest': 'sha-256=:Zm9yZ2Vk:',
      cookie: 'forged=1',
    };
    expect((await ask(forged)).body).toEqual(product);
    const [{ rawHeaders, headers } = { rawHeaders: [], headers: {} as IncomingMessage['headers'] }] =
      received;
    for (const name of Object.keys(forged)) {
      const times = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
      expect([name, times]).toEqual([name, name === 'cookie' ? 0 : 1]);
    }
    expect(JSON.stringify(headers)).not.toMatch(/forged|Zm9yZ2Vk|203\.0\.113\.9/);
    expect(received[0]?.proof?.sender.entrance).toBe('user');
  });
});

describe('a subgraph that refuses the signature', () => {
  it.each(['auth.failure.proof_missing', 'auth.failure.proof_invalid', 'auth.failure.replay'])(
    '%s: the client sees an outage, the log has the reason',
    async (reason) => {
      const errors = [{ message: 'No.', extensions: { code: 'UNAUTHENTICATED', reason } }];
      answer = { status: 401, body: { errors } };
      const { status, headers, body } = await ask();
      expect([status, headers.has('www-authenticate')]).toEqual([200, false]);
      expect(reasonsOf({ body } as never)).toEqual(['service.unavailable']);
      expect(JSON.stringify(body)).not.toContain('auth.failure');
      const [line] = told.filter(({ level }) => level === 'error');
      expect(line?.fields).toMatchObject({
        subgraph: 'portal',
        err: { message: expect.stringContaining(reason) },
      });
    },
  );

  it('is another matter than one that refuses the token', async () => {
    const extensions = { code: 'UNAUTHENTICATED', reason: 'auth.failure.revoked' };
    answer = { status: 401, body: { errors: [{ message: 'No.', extensions }] } };
    expect(reasonsOf(await ask())).toEqual(['auth.failure.revoked']);
  });
});

describe('the recipient', () => {
  const message = {
    method: 'POST' as const,
    path: '/graphql',
    query: '',
    headers: { 'content-type': 'application/json', 'signet-context': 'id="r", entrance="user", auth=?0' },
    body: '{}',
  };
  const open = (urls: { AUTH_USER_URL: string; AUTH_PORTAL_URL: string }) => {
    const { PROOF_KEY_FILE, PROOF_PEERS_FILE } = proofEnvironment('gateway-user');
    const config = { NODE_ENV: 'test' as const, REQUIRE_PROOF: true, PROOF_PEERS_FILE, ...urls };
    return openEntranceProof(
      { name: 'user', kind: 'user' },
      { ...config, USER_PROOF_KEY_FILE: PROOF_KEY_FILE },
      logger,
    );
  };
  const isFor = async (name: string, headers: Record<string, string> | undefined) => {
    const { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile } = proofEnvironment(name);
    const { verifier, stop } = await openProofIdentity({ name, keyFile, peersFile, logger });
    stop();
    try {
      return verifier.verify({ ...message, headers: { ...message.headers, ...headers } }) !== undefined;
    } catch {
      return false;
    }
  };

  it('is the subgraph; of two auth processes that which is asked', async () => {
    const [user, portal] = ['http://auth-user:4011/graphql', 'http://auth-portal:4011/graphql'] as const;
    const apart = await open({ AUTH_USER_URL: user, AUTH_PORTAL_URL: portal });
    const together = await open({ AUTH_USER_URL: user, AUTH_PORTAL_URL: user });
    const sign = (proof: typeof apart, name: 'auth' | 'portal', url: string) =>
      proof.signerFor(name)?.(message, url);
    expect(await isFor('auth-user', sign(apart, 'auth', user))).toBe(true);
    expect(await isFor('auth-portal', sign(apart, 'auth', portal))).toBe(true);
    expect(await isFor('auth-portal', sign(apart, 'auth', user))).toBe(false);
    expect(await isFor('auth', sign(together, 'auth', user))).toBe(true);
    expect(await isFor('portal', sign(apart, 'portal', 'http://portal:4012/graphql'))).toBe(true);
    expect(await isFor('auth', sign(apart, 'portal', 'http://portal:4012/graphql'))).toBe(false);
    apart.stop();
    together.stop();
  });

  it('gets no signature where proof is not asked for', async () => {
    const config = {
      NODE_ENV: 'test' as const,
      REQUIRE_PROOF: false,
      AUTH_USER_URL: '',
      AUTH_PORTAL_URL: '',
    };
    const proof = await openEntranceProof({ name: 'user', kind: 'user' }, config, logger);
    expect(proof.signerFor('portal')).toBeUndefined();
  });
});
