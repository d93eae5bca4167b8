// How many tokens of services a second, and what one costs beside its signature and the check of one? How long until a revocation is felt?
// npm run bench -- bench/oauth.ts [seconds of each turn]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, inTenant } from '@signet/db';
import { createProofIdentity, createProofSet, proofPathsOf, writeProofSet } from '@signet/proof';
import { jwksPathOf, oauthPath } from '@signet/schema/contract';
import { productSubgraphs, urlVariableOf } from '@signet/schema/subgraphs';
import { jwtVerify, SignJWT } from 'jose';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isSignedBy, readSignedText, signText } from '../subgraphs/auth/src/services/signed-text.ts';
import { readProcessTree } from './compare/process-cpu.ts';
import { percentile } from './support/measure.ts';
import { openRawClient } from './support/raw-client.ts';
import { addServices, assertService, type BenchService } from './support/services.ts';
import { type AuthProcess, findFreePort, startAuthProcess, waitUntilReady } from './support/start-auth.ts';

const seconds = Number(process.argv[2] ?? 10);
const clients = 16;
const serviceCount = 20;
/** The most that is signed before a measurement. */
const rate = 2500;
const turns = 3;
const revocationsOfEach = 50;
const wanted = { tokensPerSecond: 1000, overhead: 1.15, revokedMs: 1000 };

const assertionType = encodeURIComponent('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
const formOf = (assertion: string) =>
  `grant_type=client_credentials&client_assertion_type=${assertionType}&client_assertion=${assertion}`;

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-oauth-'));
const proofs = createProofSet();
writeProofSet(folder, proofs);
const proofOf = (name: string) => {
  const { keyFile, peersFile } = proofPathsOf(folder, name);
  return { PROOF_KEY_FILE: keyFile, PROOF_PEERS_FILE: peersFile };
};
const { signer } = createProofIdentity({
  name: 'gateway-user',
  keys: proofs.keyFiles['gateway-user'] as never,
  peers: proofs.peers,
});
const auth = await startAuthProcess({ REQUIRE_PROOF: 'yes', ...proofOf('auth') });
const stops: (() => Promise<unknown>)[] = [
  () => auth.stop(),
  () => rm(folder, { recursive: true, force: true }),
];
try {
  await run();
} finally {
  for (const stop of stops.reverse()) await stop();
}

type BenchDatabase = Kysely<Database>;
type Load = { tokensPerSecond: number; cpuMicroseconds: number; p50: number; p99: number };

async function run(): Promise<void> {
  const services = await addServices(auth.adminUrl, serviceCount);
  const [service] = services as [BenchService];
  const crypto = await measureCrypto(service);
  const bare = await startBare(service);
  const gateway = await startGateway(auth);
  const authPort = Number(new URL(auth.url).port);
  const serviceAt = (at: number) => services[at % serviceCount] as BenchService;
  const ways: Record<string, () => Promise<Load>> = {
    bare: () => measure(bare.port, bare.pid, () => formRequest('/', assertService(service, issuerUrl()))),
    auth: () => measure(authPort, auth.pid, (at) => signedRequest(assertService(serviceAt(at), issuerUrl()))),
    entrance: () =>
      measure(gateway.port, auth.pid, (at) =>
        formRequest('/oauth/user/token', assertService(serviceAt(at), issuerUrl())),
      ),
  };
  const loads = await measureInTurns(ways);
  console.log(
    `${clients} connections, ${serviceCount} services, EdDSA, the median of ${turns} turns of ${seconds} s; all processes and PostgreSQL on the same cores`,
  );
  console.log('CPU of one signature and one check, in µs:');
  console.log(
    `  jose ${crypto.jose.toFixed(0)}, node:crypto as the endpoint uses it ${crypto.node.toFixed(0)}`,
  );
  console.log('tokens a second; CPU of the process that signs, a token, in µs; p50 and p99 in ms:');
  const [bareLoad, atAuth, atEntrance] = [loads.bare, loads.auth, loads.entrance] as [Load, Load, Load];
  report('bare server with jose', bareLoad);
  report('auth, asked as by an entrance', atAuth);
  report('the entrance, with gateway and auth', atEntrance);
  const overhead = atAuth.cpuMicroseconds / bareLoad.cpuMicroseconds;
  console.log(`auth beside the bare server: ${overhead.toFixed(2)} times its CPU`);
  if (atEntrance.tokensPerSecond < wanted.tokensPerSecond || overhead > wanted.overhead) process.exitCode = 1;
  await measureRevocations(services, gateway.port);
}

function issuerUrl(): string {
  return new URL(auth.url).origin;
}

function report(name: string, { tokensPerSecond, cpuMicroseconds, p50, p99 }: Load): void {
  const cells = [tokensPerSecond, cpuMicroseconds, p50, p99].map((value) =>
    value.toFixed(value < 100 ? 1 : 0),
  );
  console.log(`  ${name.padEnd(36)} ${cells.join(', ')}`);
}

/** In this process, one after the other. */
async function measureCrypto(service: BenchService): Promise<{ jose: number; node: number }> {
  const text = assertService(service, issuerUrl());
  const key = (await import('node:crypto')).createPublicKey(service.privateKey);
  const claims = { sub: service.id, scope: 'profile:read', exp: 4_000_000_000 };
  const rounds = 2000;
  const measureOne = async (work: () => Promise<unknown>) => {
    for (let at = 0; at < 200; at += 1) await work();
    const before = process.cpuUsage();
    for (let at = 0; at < rounds; at += 1) await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / rounds;
  };
  return {
    jose: await measureOne(async () => {
      await jwtVerify(text, key);
      await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'x' }).sign(service.privateKey);
    }),
    node: await measureOne(async () => {
      const read = readSignedText(text, 4096);
      if (!read || !isSignedBy(read, key, 'EdDSA')) throw new Error('the check failed');
      await signText(`${read.signed}`, service.privateKey, 'EdDSA');
    }),
  };
}

/** One after the other and again, so that what else the machine does meets all alike. Medians of the turns. */
async function measureInTurns(ways: Record<string, () => Promise<Load>>): Promise<Record<string, Load>> {
  const found: Record<string, Load[]> = {};
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, way] of Object.entries(ways)) found[name] = [...(found[name] ?? []), await way()];
  }
  const medianOf = (loads: Load[], field: keyof Load) =>
    percentile(
      loads.map((load) => load[field]),
      0.5,
    );
  return Object.fromEntries(
    Object.entries(found).map(([name, loads]) => [
      name,
      {
        tokensPerSecond: medianOf(loads, 'tokensPerSecond'),
        cpuMicroseconds: medianOf(loads, 'cpuMicroseconds'),
        p50: medianOf(loads, 'p50'),
        p99: medianOf(loads, 'p99'),
      },
    ]),
  );
}

/** Each connection sends its next request when it has its answer. Requests are made before, since that costs as much as to answer them. */
async function measure(port: number, pid: number, make: (at: number) => string): Promise<Load> {
  const requests = Array.from({ length: Math.ceil(rate * seconds) }, (_, at) => make(at));
  const connections = await Promise.all(Array.from({ length: clients }, () => openRawClient(port)));
  const times: number[] = [];
  let at = 0;
  const answerAll = async (until: number) => {
    await Promise.all(
      connections.map(async (connection) => {
        while (performance.now() < until && at < requests.length) {
          const startedAt = performance.now();
          const answer = await connection.ask(requests[at++] as string);
          if (!answer.includes('access_token')) throw new Error(`no token: ${answer}`);
          times.push(performance.now() - startedAt);
        }
      }),
    );
  };
  await answerAll(performance.now() + 1000);
  times.length = 0;
  const startedAt = performance.now();
  const cpuBefore = readProcessTree(pid).cpuSeconds;
  await answerAll(startedAt + seconds * 1000);
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = readProcessTree(pid).cpuSeconds - cpuBefore;
  for (const connection of connections) connection.close();
  return {
    tokensPerSecond: times.length / elapsed,
    cpuMicroseconds: (cpu / times.length) * 1e6,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

function formRequest(path: string, assertion: string): string {
  return httpRequest(path, { 'content-type': 'application/x-www-form-urlencoded' }, formOf(assertion));
}

/** As the entrance for customers sends it to auth. */
function signedRequest(assertion: string): string {
  const body = JSON.stringify({ platform: 'user', route: 'token', body: formOf(assertion) });
  const headers = {
    'content-type': 'application/json',
    'signet-context': 'id="bench", entrance="user", address="192.0.2.1", auth=?0, timeout=15000',
  };
  const message = { method: 'POST', path: oauthPath, query: '', headers, body };
  return httpRequest(oauthPath, { ...headers, ...signer.sign('auth', message) }, body);
}

function httpRequest(path: string, headers: Record<string, string>, body: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n${lines.join('')}\r\n${body}`;
}

async function startBare({ privateKey }: BenchService) {
  const { createPublicKey } = await import('node:crypto');
  const jwk = JSON.stringify(createPublicKey(privateKey).export({ format: 'jwk' }));
  const script = join(import.meta.dirname, 'support/bare-token-server.ts');
  const child = spawn(process.execPath, [script, jwk], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  stops.push(() => end(child));
  return { port: Number(String(line)), pid: child.pid as number };
}

/** The entrance for customers. Its subgraphs are not there: nothing asks for a field. */
async function startGateway({ url, urlOf }: AuthProcess): Promise<{ port: number }> {
  const port = await findFreePort();
  const { PROOF_KEY_FILE, PROOF_PEERS_FILE } = proofOf('gateway-user');
  const child = spawn(process.execPath, [join(import.meta.dirname, '../gateway/main.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      LOG_LEVEL: 'warn',
      ENTRANCES: 'user',
      USER_PORT: String(port),
      ISSUER_URL: issuerUrl(),
      USER_JWKS_URL: issuerUrl() + jwksPathOf('user'),
      PORTAL_JWKS_URL: issuerUrl() + jwksPathOf('portal'),
      REVOCATIONS_DATABASE_URL: urlOf('signet_verifier'),
      USER_PROOF_KEY_FILE: PROOF_KEY_FILE,
      PROOF_PEERS_FILE,
      AUTH_USER_URL: url,
      AUTH_PORTAL_URL: url,
      ...Object.fromEntries(productSubgraphs.map(({ name }) => [urlVariableOf(name), url])),
    },
  });
  stops.push(() => end(child));
  await waitUntilReady(`http://127.0.0.1:${port}`);
  return { port };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** From the moment at which a revocation is committed, or answered, until the entrance refuses the token. */
async function measureRevocations(services: readonly BenchService[], port: number): Promise<void> {
  const entrance = `http://127.0.0.1:${port}`;
  const db = createDatabase(auth.adminUrl);
  const { id: tenantId } = await db.selectFrom('auth.tenant').select('id').executeTakeFirstOrThrow();
  const ways: Record<string, (service: BenchService, token: string) => Promise<unknown>> = {
    'a token, by the service': (service, token) => post(entrance, 'revoke', service, { token }),
    'a key': ({ credential }) =>
      change(
        db,
        tenantId,
        sql`update auth.user_service_credential set revoked_at = now() where id = ${credential}`,
      ),
    'an account': ({ id }) =>
      change(
        db,
        tenantId,
        sql`update auth.user_service_credential set revoked_at = now() where account_id = ${id} and revoked_at is null`,
      ),
  };
  console.log('from a revocation until the entrance refuses the token, in ms (p50, p99, max):');
  for (const [name, revoke] of Object.entries(ways)) {
    const lags: number[] = [];
    const own = name.startsWith('a token') ? services : await addServices(auth.adminUrl, revocationsOfEach);
    for (let at = 0; at < revocationsOfEach; at += 1) {
      const service = own[at % own.length] as BenchService;
      const { access_token: token } = await post(entrance, 'token', service, {
        grant_type: 'client_credentials',
      });
      if ((await reasonOf(entrance, String(token))) !== undefined)
        throw new Error('the token is refused at once');
      await revoke(service, String(token));
      const startedAt = performance.now();
      while ((await reasonOf(entrance, String(token))) !== 'auth.failure.revoked') await sleep(2);
      lags.push(performance.now() - startedAt);
    }
    const p99 = percentile(lags, 0.99);
    console.log(
      `  ${name.padEnd(24)} ${[percentile(lags, 0.5), p99, Math.max(...lags)].map((ms) => ms.toFixed(0)).join(', ')}`,
    );
    if (!(p99 < wanted.revokedMs)) process.exitCode = 1;
  }
  await db.destroy();
}

async function change(db: BenchDatabase, tenantId: string, statement: RawBuilder<unknown>): Promise<void> {
  await inTenant(db, tenantId, (trx) => statement.execute(trx));
}

async function post(entrance: string, route: string, service: BenchService, form: Record<string, string>) {
  const response = await fetch(`${entrance}/oauth/user/${route}`, {
    method: 'POST',
    body: new URLSearchParams({
      client_assertion_type: decodeURIComponent(assertionType),
      client_assertion: assertService(service, issuerUrl()),
      ...form,
    }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${route} answers ${response.status} ${body}`);
  return body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
}

async function reasonOf(entrance: string, token: string): Promise<string | undefined> {
  const response = await fetch(`${entrance}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: '{"query":"{ __typename }"}',
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { reason?: string } }[] };
  return errors?.[0]?.extensions.reason;
}
