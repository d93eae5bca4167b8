import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDatabase,
  createRoles,
  migrateToLatest,
  processRoles,
  pruneWith,
  roleUrl,
  startAuditSealer,
  startHousekeeping,
} from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { poll } from '@signet/flow';
import { createLogger } from '@signet/service';
import { createRunFolder } from '@signet/testing/run-folder';
import { sql } from 'kysely';
import { expect, it } from 'vitest';

type Line = { msg: string; err?: { message: string; stack?: string } };
const everyMs = 30;

it('the loops of a process say once each that PostgreSQL is away, and one of them has a stack', async () => {
  const folder = await createRunFolder();
  const dataDir = join(folder, 'pg');
  let server = await startEmbeddedPostgres({ dataDir, port: 0 });
  const passwords = Object.fromEntries(processRoles.map((role) => [role, randomBytes(16).toString('hex')]));
  await createRoles(server.adminUrl, passwords as Parameters<typeof createRoles>[1]);
  await migrateToLatest(server.adminUrl);
  const lines: Line[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const db = createDatabase(roleUrl(server.adminUrl, 'signet_auth_user', passwords.signet_auth_user ?? ''));
  let turns = 0;
  const stops = [
    startAuditSealer({ db, platform: 'user', keys: [randomBytes(32)], log: logger, everyMs }).stop,
    ...['one', 'other'].map(
      (name) =>
        startHousekeeping({
          db,
          name,
          log: logger,
          everyMs,
          jobs: ['first', 'second'].map((job) => pruneWith(job, 'auth.prune_user_sessions')),
        }).stop,
    ),
    poll(
      async () => {
        await sql`select 1`.execute(db);
        turns += 1;
      },
      { everyMs, onFault: (err) => logger.warn({ err }, 'the poll failed') },
    ),
  ];
  const patience = { timeout: 60_000 };
  const said = (text: string) => lines.filter(({ msg }) => msg.startsWith(text)).length;
  try {
    await expect.poll(() => turns, patience).toBeGreaterThan(3);
    expect(lines.filter(({ err }) => err)).toEqual([]);
    const { port } = server;
    await server.stop();
    await expect.poll(() => lines.length, patience).toBeGreaterThanOrEqual(4);
    // Connections that end, then nothing that listens, then a server that starts.
    await new Promise((resolve) => setTimeout(resolve, 20 * everyMs));
    const before = turns;
    server = await startEmbeddedPostgres({ dataDir, port });
    await expect.poll(() => turns, patience).toBeGreaterThan(before + 3);
    await expect.poll(() => said('audit rows can be sealed again'), patience).toBe(1);
    expect(said('audit rows could not be sealed')).toBe(1);
    expect(said('the poll failed')).toBe(1);
    expect(said('not all that had expired is gone')).toBe(2);
    const faults = lines.flatMap(({ err }) => (err ? [err] : []));
    expect(faults.filter(({ stack }) => stack !== undefined)).toHaveLength(1);
    for (const { message } of faults) expect(message).not.toBe('');
  } finally {
    for (const stop of stops) await stop();
    await db.destroy();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
