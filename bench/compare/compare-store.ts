import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProofSet, proofPathsOf, writeProofSet } from '@signet/proof';
import { audienceOf, issuerOf } from '@signet/schema/contract';
import { createTestIssuer } from '@signet/testing';
import { findFreePort } from '../support/start-auth.ts';
import { composeGraph } from './compose-graph.ts';
import type { LoadClient } from './load-client.ts';
import { measureOperation, type Rounds, type Running } from './measure-operation.ts';
import { storeOperations } from './operations.ts';
import { type PinnedProcess, readFirstLine, startPinned } from './pinned-process.ts';
import type { Results } from './results.ts';
import { storeSchema, storeSubgraphs } from './store/store-schema.ts';
import { type StoreContender, type StoreSetting, storeContenders } from './store-contenders.ts';

const tokenCount = 500;
const tokenHours = 2;
const startMs = 30_000;

type Options = { client: LoadClient; rounds: Rounds; say(line: string): void };

/** Measures gateways alone: the subgraphs answer from memory, each token belongs to another user. */
export async function compareStore({ client, rounds, say }: Options): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
  const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const store = startPinned([process.execPath, join(import.meta.dirname, 'store/store-process.ts')], {
      core: 'other',
      stdout: 'pipe',
    });
    stops.push(store.stop);
    const ports = JSON.parse(await readFirstLine(store)) as Record<string, number>;
    const issuer = await createTestIssuer();
    stops.push(issuer.close);
    const setting = await writeSetting(folder, ports, issuer);
    const tokens = await mintTokens(issuer);
    const running: { contender: StoreContender; running: Running }[] = [];
    for (const contender of storeContenders) {
      const port = await findFreePort();
      const started = startContender(contender, { ...setting, port });
      stops.push(started.stop);
      const { name, takesNoToken = false } = contender;
      const ready = { name, port, path: '/graphql', pids: [started.pid], isOpen: takesNoToken };
      const [token = ''] = tokens;
      await waitForAnswer(ready, token);
      if (!takesNoToken) await assertRefused(ready, { authorization: `Bearer ${forge(token)}` });
      if (contender.hasRules) await assertRefused(ready, {});
      running.push({ contender, running: ready });
      say(`${name} is ready`);
    }
    const results: Results = {};
    for (const operation of storeOperations) {
      const taking = running.filter(({ contender }) => !contender.isFloor || operation.name === 'i');
      say(`operation ${operation.name}`);
      results[operation.name] = await measureOperation(
        operation,
        taking.map((each) => each.running),
        { tokens, client, rounds },
      );
    }
    return results;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type Issuer = Awaited<ReturnType<typeof createTestIssuer>>;

/** Files and URLs of the store's subgraphs, for a gateway before them. */
export async function writeSetting(
  folder: string,
  ports: Readonly<Record<string, number>>,
  issuer: Issuer,
): Promise<Omit<StoreSetting, 'port'>> {
  const subgraphs = Object.fromEntries(
    storeSubgraphs.map((name) => [name, `http://127.0.0.1:${ports[name]}/graphql`]),
  );
  const supergraphFile = join(folder, 'supergraph.graphql');
  const described = storeSubgraphs.map((name) => [
    name,
    { url: subgraphs[name] ?? '', sdl: storeSchema[name] },
  ]);
  const supergraph = composeGraph(Object.fromEntries(described));
  writeFileSync(supergraphFile, supergraph);
  const guardedSupergraphFile = join(folder, 'guarded.graphql');
  writeFileSync(guardedSupergraphFile, addRules(supergraph));
  const proofFolder = join(folder, 'proof');
  const members = storeSubgraphs.map((name) => ({ name, role: 'subgraph' as const }));
  writeProofSet(
    proofFolder,
    createProofSet([{ name: 'gateway-graph', role: 'gateway', entrance: 'graph' }, ...members]),
  );
  const jwksFile = join(folder, 'jwks.json');
  writeFileSync(jwksFile, await (await fetch(issuer.jwksUrls.user)).text());
  const grafbaseFile = join(folder, 'grafbase.toml');
  writeFileSync(grafbaseFile, writeGrafbaseConfig(folder, subgraphs));
  return {
    supergraphFile,
    guardedSupergraphFile,
    proof: proofPathsOf(proofFolder, 'gateway-graph'),
    grafbaseFile,
    subgraphs,
    issuer: {
      url: issuer.issuerUrl,
      tokenIssuer: issuerOf(issuer.issuerUrl, 'user'),
      audience: audienceOf('user'),
      jwksFile,
      jwksUrl: issuer.jwksUrls.user,
    },
  };
}

/** The supergraph as it is where each subgraph's types are `@authenticated`. */
function addRules(supergraph: string): string {
  const guarded = supergraph.replaceAll(/^type (Query|User|Product|Review)\n/gm, 'type $1 @authenticated\n');
  return `${guarded}\ndirective @authenticated on OBJECT\n`;
}

/** Writes the subgraphs' SDL beside it. */
function writeGrafbaseConfig(folder: string, urls: Readonly<Record<string, string>>): string {
  const tables = storeSubgraphs.map((name) => {
    const schemaFile = join(folder, `${name}.graphql`);
    writeFileSync(schemaFile, storeSchema[name]);
    return `[subgraphs.${name}]\nurl = "${urls[name]}"\nschema_path = "${schemaFile}"\n`;
  });
  return tables.join('\n');
}

export function mintTokens(issuer: Issuer): Promise<string[]> {
  const tenantId = crypto.randomUUID();
  const exp = Math.floor(Date.now() / 1000) + tokenHours * 3600;
  return Promise.all(
    Array.from({ length: tokenCount }, () =>
      issuer.mintUserToken({ tenantId, userId: crypto.randomUUID(), claims: { exp } }),
    ),
  );
}

/** The token with another signature. */
function forge(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const altered = Buffer.from(signature, 'base64url');
  altered[0] = (altered[0] ?? 0) ^ 1;
  return [header, payload, altered.toString('base64url')].join('.');
}

/** What says that it checks must do so, or its figures are worth nothing. @throws {Error} */
async function assertRefused({ name, port, path }: Running, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ me { name } }' }),
  });
  const text = await answer.text();
  if (/"name":/.test(text)) throw new Error(`${name} answers who must be refused: ${text}`);
}

function startContender(contender: StoreContender, setting: StoreSetting): PinnedProcess {
  const { arguments: words, env, cwd } = contender.command(setting);
  return startPinned(words, { core: 'measured', env, ...(cwd && { cwd }) });
}

/** @throws {Error} when it does not answer in time, with what it answered last */
export async function waitForAnswer({ name, port, path }: Running, token: string): Promise<void> {
  const end = performance.now() + startMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      last = await answer.text();
      if (answer.ok) return;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`${name} did not answer within ${startMs / 1000} s: ${String(last).slice(0, 500)}`);
}
