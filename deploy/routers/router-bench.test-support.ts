import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { proofPathsOf } from '@signet/proof';
import { portOffsets, subgraphs } from '@signet/schema/subgraphs';
import type { Variant } from '@signet/schema/supergraph-files';
import {
  canListen,
  type StartedProcess,
  startProcess,
  type TestPlatform,
} from '../../launcher/src/platform.test-support.ts';
import { writeRouterFiles } from './prepare.ts';
import type { RouterPeers } from './router-peers.test-support.ts';

/** A process that answers at `url`. */
export type Started = StartedProcess & { url: string };

/** Routers beside a platform, each with a signer. Every process ends with `stop`. */
export type RouterBench = {
  secret: string;
  /** Where a subgraph itself listens. */
  subgraphUrlOf(name: string): string;
  startSigner(entrance: Variant): Promise<Started>;
  startHiveGateway(entrance: Variant, signer: Started): Promise<Started>;
  startGrafbase(signer: Started): Promise<Started>;
  stop(): Promise<void>;
};

const secret = 'the-secret-of-routers-and-signers-in-a-test';
const platformsOf = { graph: 'user,portal', user: 'user', portal: 'portal' };

export function openRouterBench(platform: TestPlatform, peers: RouterPeers): RouterBench {
  const folder = mkdtempSync(join(tmpdir(), 'signet-routers-'));
  const started: StartedProcess[] = [];
  const baseOf = (name: string) => {
    const offset = subgraphs.find((subgraph) => subgraph.name === name)?.portOffset ?? 0;
    return `http://127.0.0.1:${platform.portBase + offset}`;
  };
  /** What prepare.ts writes for the signer. */
  const prepare = (signer: Started) => {
    const target = join(folder, new URL(signer.url).port);
    writeRouterFiles(target, signer.url);
    return target;
  };
  const run = async (
    command: string,
    args: string[],
    env: Record<string, string>,
    url: string,
  ): Promise<Started> => {
    const running = startProcess(command, args, env);
    started.push(running);
    await untilAnswers(url, running);
    return { ...running, url };
  };
  return {
    secret,
    subgraphUrlOf: baseOf,
    async startSigner(entrance) {
      const port = await findPort(platform.portBase);
      const { keyFile, peersFile } = proofPathsOf(join(platform.home.path, 'proof'), `gateway-${entrance}`);
      const env = {
        PORT: String(port),
        SIGNER_ENTRANCE: entrance,
        SIGNER_SECRET: secret,
        SUBGRAPH_URLS: subgraphs.map(({ name }) => `${name}=${baseOf(name)}/graphql`).join(','),
        PROOF_KEY_FILE: keyFile,
        PROOF_PEERS_FILE: peersFile,
        TRUSTED_PROXIES: '127.0.0.1/32',
        LOG_LEVEL: 'warn',
      };
      return run(process.execPath, ['gateway/src/signer/main.ts'], env, `http://127.0.0.1:${port}`);
    },
    async startHiveGateway(entrance, signer) {
      const port = await findPort(platform.portBase);
      const env = {
        PORT: String(port),
        SUPERGRAPH: join(prepare(signer), `${entrance}.graphql`),
        SIGNER_SECRET: secret,
        ISSUER_URL: `http://localhost:${platform.portBase + portOffsets.graph}`,
        PLATFORMS: platformsOf[entrance],
        USER_JWKS_URL: `${baseOf('auth')}/.well-known/jwks/user.json`,
        PORTAL_JWKS_URL: `${baseOf('auth')}/.well-known/jwks/portal.json`,
      };
      return run(process.execPath, [join(peers.folder, 'serve.mjs')], env, `http://127.0.0.1:${port}`);
    },
    async startGrafbase(signer) {
      const port = await findPort(platform.portBase);
      const target = prepare(signer);
      const config = join(target, 'grafbase.toml');
      const parts = [
        join(import.meta.dirname, 'grafbase/grafbase.toml'),
        join(target, 'grafbase.subgraphs.toml'),
      ];
      writeFileSync(config, parts.map((path) => readFileSync(path, 'utf8')).join('\n'));
      const args = [
        '--home',
        join(target, 'home'),
        'dev',
        '--config',
        config,
        '--listen-address',
        `127.0.0.1:${port}`,
      ];
      return run(String(peers.grafbase), args, { SIGNER_SECRET: secret }, `http://127.0.0.1:${port}`);
    },
    async stop() {
      // Routers of other makes may take their time over SIGTERM; nothing of theirs is kept.
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map((running) => running.exit()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Above the ports of the platform, within those that a test file has for itself. */
async function findPort(portBase: number): Promise<number> {
  for (let port = portBase + 21; port < portBase + 30; port += 1) {
    if (!taken.has(port) && (await canListen(port))) {
      taken.add(port);
      return port;
    }
  }
  throw new Error('no free port for a router');
}
const taken = new Set<number>();

const startTimeoutMs = 60_000;

async function untilAnswers(url: string, { child, output }: StartedProcess): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}:\n${output()}`);
    const answers = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await sleep(100);
  }
  throw new Error(`no answer at ${url}:\n${output()}`);
}
