import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createDatabase,
  createRoles,
  inTenant,
  migrateToLatest,
  type ProcessRole,
  processRoles,
  roleUrl,
} from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { createPepper, hashPassword } from '@signet/db/password-hash';

export const password = 'six green apples on a roof';
export const emails = { active: 'active@example.com', inactive: 'inactive@example.com' };

const unthrottled = {
  THROTTLE_PAIR_FAILURES: '999999999',
  THROTTLE_ACCOUNT_FAILURES: '999999999',
  THROTTLE_ADDRESS_FAILURES: '999999999',
};

export type AuthProcess = {
  url: string;
  pid: number;
  /** The superuser's. */
  adminUrl: string;
  /** Where a process connects as its role. */
  urlOf(role: ProcessRole): string;
  /** Goes into every password hash. */
  pepper: Buffer;
  /** Ends the process at once, as a crash would. `stop` is still to be called. */
  kill(): void;
  stop(): Promise<void>;
};

/**
 * Auth in a process of its own, on a fresh database with an active and an inactive account on each platform. `changes` are
 * environment variables. Nothing throttles, unless they say so: what is measured here is not its pauses.
 */
export async function startAuthProcess(changes: Record<string, string> = {}): Promise<AuthProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'));
  await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0, durable: false });
  const pepper = randomBytes(32);
  const passwords = Object.fromEntries(
    processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
  ) as Record<ProcessRole, string>;
  await createRoles(postgres.adminUrl, passwords);
  await migrateToLatest(postgres.adminUrl);
  await addAccounts(postgres.adminUrl, pepper);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../subgraphs/main.ts'), 'auth'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      ISSUER_URL: url,
      DEFAULT_TENANT: 'bench',
      AUTH_PLATFORMS: 'both',
      USER_DATABASE_URL: roleUrl(postgres.adminUrl, 'signet_auth_user', passwords.signet_auth_user),
      PORTAL_DATABASE_URL: roleUrl(postgres.adminUrl, 'signet_auth_portal', passwords.signet_auth_portal),
      REVOCATIONS_DATABASE_URL: roleUrl(postgres.adminUrl, 'signet_verifier', passwords.signet_verifier),
      PASSWORD_PEPPER: pepper.toString('base64'),
      USER_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      PORTAL_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      AUDIT_KEY: randomBytes(32).toString('base64'),
      // What is measured here asks auth directly.
      REQUIRE_PROOF: 'no',
      ...unthrottled,
      ...changes,
    },
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await waitUntilReady(url).catch(async (error) => {
    await stop();
    throw error;
  });
  const { adminUrl } = postgres;
  const urlOf = (role: ProcessRole) => roleUrl(adminUrl, role, passwords[role]);
  return {
    url: `${url}/graphql`,
    pid: child.pid as number,
    adminUrl,
    urlOf,
    pepper,
    kill: () => void child.kill('SIGKILL'),
    stop,
  };
}

async function addAccounts(adminUrl: string, pepperKey: Buffer): Promise<void> {
  const { hash, pepperId } = hashPassword(password, createPepper(pepperKey));
  const db = createDatabase(adminUrl);
  const tenant = await db
    .insertInto('auth.tenant')
    .values({ slug: 'bench', name: 'Bench' })
    .returning('id')
    .executeTakeFirstOrThrow();
  await inTenant(db, tenant.id, async (trx) => {
    for (const [name, email] of Object.entries(emails)) {
      const account = {
        tenant_id: tenant.id,
        email,
        password_hash: hash,
        pepper_id: pepperId,
        is_active: name === 'active',
      };
      await trx.insertInto('auth.user').values(account).execute();
      await trx
        .insertInto('auth.portal_user')
        .values({ ...account, full_name: name, role: 'support' })
        .execute();
    }
  });
  await db.destroy();
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export async function waitUntilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const isReady = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not become ready within 60 s`);
}
