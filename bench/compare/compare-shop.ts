import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { audienceOf, issuerOf } from '@signet/schema/contract';
import { findFreePort } from '../support/start-auth.ts';
import { waitForAnswer } from './compare-store.ts';
import { composeGraph } from './compose-graph.ts';
import { peersFolder } from './install-peers.ts';
import type { LoadClient } from './load-client.ts';
import { measureOperation, type Rounds, type Running } from './measure-operation.ts';
import { shopOperations } from './operations.ts';
import { startPinned } from './pinned-process.ts';
import type { Results } from './results.ts';
import { type Shop, startShop } from './start-shop.ts';

type Options = { client: LoadClient; rounds: Rounds; say(line: string): void };

export const plainStackName = 'plain Apollo stack';
export const shopName = 'Signet, everything on';

/** Measures the whole way from the client to PostgreSQL and back: the CPU is that of all Node processes together. */
export async function compareShop({ client, rounds, say }: Options): Promise<Results> {
  const shop = await startShop();
  const stops: (() => unknown)[] = [shop.stop];
  try {
    say(`${shopName} is ready`);
    const plain = await startPlainStack(shop);
    stops.push(plain.stop);
    say(`${plainStackName} is ready`);
    const ours = {
      name: shopName,
      port: shop.port,
      path: '/graphql',
      pids: [shop.gateway.pid, shop.subgraphs.pid],
    };
    const results: Results = {};
    for (const operation of shopOperations) {
      say(operation.name);
      const contenders = [plain.running, ours];
      results[operation.name] = await measureOperation(operation, contenders, {
        tokens: shop.tokens,
        client,
        rounds,
      });
    }
    return results;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

const plainSubgraphs = ['catalog', 'inventory', 'orders'] as const;

async function startPlainStack(shop: Shop): Promise<{ running: Running; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
  const jwksFile = join(folder, 'jwks.json');
  writeFileSync(jwksFile, await (await fetch(shop.jwksUrl)).text());
  const ports: Record<string, number> = {};
  for (const name of plainSubgraphs) ports[name] = await findFreePort();
  const token = shop.tokens[0] ?? '';
  const common = {
    NODE_ENV: 'production',
    JWKS_FILE: jwksFile,
    ISSUER: issuerOf(shop.issuerUrl, 'user'),
    AUDIENCE: audienceOf('user'),
  };
  const subgraphs = startPinned([process.execPath, join(peersFolder, 'plain-subgraphs.mjs')], {
    core: 'any',
    env: { ...common, PORTS: JSON.stringify(ports), DATABASE_URL: shop.adminUrl },
  });
  const described: Record<string, { url: string; sdl: string }> = {};
  for (const name of plainSubgraphs) {
    const url = `http://127.0.0.1:${ports[name]}/`;
    described[name] = { url, sdl: await readSdl(url, token) };
  }
  const supergraphFile = join(folder, 'supergraph.graphql');
  writeFileSync(supergraphFile, composeGraph(described));
  const port = await findFreePort();
  const gateway = startPinned([process.execPath, join(peersFolder, 'stock-gateway.mjs')], {
    core: 'any',
    env: { ...common, PORT: String(port), SUPERGRAPH: supergraphFile, FORWARD_TOKEN: 'yes' },
  });
  const running = { name: plainStackName, port, path: '/', pids: [gateway.pid, subgraphs.pid] };
  const stop = async () => {
    await Promise.all([gateway.stop(), subgraphs.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitForAnswer(running, token);
    return { running, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The SDL of a started subgraph. */
async function readSdl(url: string, token: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '{"query":"{ _service { sdl } }"}',
      });
      const { data } = (await answer.json()) as { data: { _service: { sdl: string } } };
      return data._service.sdl;
    } catch (error) {
      if (attempt > 200) throw error;
      await sleep(100);
    }
  }
}
