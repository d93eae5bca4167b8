import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRoles, migrateToLatest, type ProcessRole, processRoles, roleUrl } from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { createPepper } from '@signet/db/password-hash';
import { seedDevelopment } from '@signet/db/seed';
import {
  createProofIdentity,
  createProofSet,
  type ProofIdentity,
  type ProofKeyFile,
  proofPathsOf,
  writeProofSet,
} from '@signet/proof';
import { jwksPathOf } from '@signet/schema/contract';
import { findFreePort, waitUntilReady } from './start-auth.ts';

export type SubgraphProcess = {
  name: string;
  port: number;
  pid: number;
  /** CPU that the process has used so far, user and system, in µs. */
  readCpu(): Promise<number>;
};

export type Subgraphs = {
  processes: ReadonlyMap<string, SubgraphProcess>;
  /** Signs as the entrance `graph`. */
  signer: ProofIdentity['signer'];
  stop(): Promise<void>;
};

const root = join(import.meta.dirname, '../..');
const gateway = 'gateway-graph';

/**
 * Starts subgraphs as they are shipped, each in a process of its own and with proofs required, on a seeded PostgreSQL. auth, which publishes
 * the keys of tokens, must be one of them. `execArgv` goes to Node, `--cpu-prof` for example.
 */
export async function startSubgraphs(
  names: readonly string[],
  execArgv: readonly string[] = [],
): Promise<Subgraphs> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-bench-'));
  chmodSync(folder, 0o711); // As root, the server runs as another user, who must pass through.
  const stops: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0, durable: false });
    stops.push(postgres.stop);
    const pepper = randomBytes(32);
    const urlOf = await prepareDatabase(postgres.adminUrl, pepper);
    const set = createProofSet();
    writeProofSet(join(folder, 'proof'), set);
    const ports = new Map<string, number>();
    for (const name of names) ports.set(name, await findFreePort());
    const authUrl = `http://127.0.0.1:${ports.get('auth')}`;
    const processes = new Map<string, SubgraphProcess>();
    for (const [name, port] of ports) {
      const { keyFile, peersFile } = proofPathsOf(join(folder, 'proof'), name);
      const child = fork(join(root, 'subgraphs/main.ts'), [name], {
        execArgv: [...execArgv, '--import', join(root, 'bench/support/report-cpu.ts')],
        env: {
          PATH: process.env.PATH,
          PORT: String(port),
          LOG_LEVEL: 'warn',
          ISSUER_URL: authUrl,
          DEFAULT_TENANT: 'demo',
          REVOCATIONS_DATABASE_URL: urlOf('signet_verifier'),
          PROOF_KEY_FILE: keyFile,
          PROOF_PEERS_FILE: peersFile,
          ...(name === 'auth'
            ? authEnvironment(pepper, urlOf)
            : {
                DATABASE_URL: urlOf(`signet_${name}` as ProcessRole),
                USER_JWKS_URL: authUrl + jwksPathOf('user'),
                PORTAL_JWKS_URL: authUrl + jwksPathOf('portal'),
              }),
        },
      });
      stops.push(() => endProcess(child));
      await waitUntilReady(`http://127.0.0.1:${port}`);
      processes.set(name, { name, port, pid: child.pid as number, readCpu: () => readCpu(child) });
    }
    const keys = set.keyFiles[gateway] as ProofKeyFile;
    const { signer } = createProofIdentity({ name: gateway, keys, peers: set.peers });
    return { processes, signer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type UrlOf = (role: ProcessRole) => string;

async function prepareDatabase(adminUrl: string, pepper: Buffer): Promise<UrlOf> {
  const passwords = Object.fromEntries(
    processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
  ) as Record<ProcessRole, string>;
  await createRoles(adminUrl, passwords);
  await migrateToLatest(adminUrl);
  await seedDevelopment(adminUrl, { pepper: createPepper(pepper) });
  return (role) => roleUrl(adminUrl, role, passwords[role]);
}

function authEnvironment(pepper: Buffer, urlOf: UrlOf): Record<string, string> {
  const key = () => randomBytes(32).toString('base64');
  return {
    AUTH_PLATFORMS: 'both',
    USER_DATABASE_URL: urlOf('signet_auth_user'),
    PORTAL_DATABASE_URL: urlOf('signet_auth_portal'),
    PASSWORD_PEPPER: pepper.toString('base64'),
    USER_KEY_ENCRYPTION_KEY: key(),
    PORTAL_KEY_ENCRYPTION_KEY: key(),
    AUDIT_KEY: key(),
  };
}

async function readCpu(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

async function endProcess(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
