import { migrateToLatest, migrationStatus, rollback } from '../migrate/migrate.ts';
import { createRoles } from '../roles.ts';
import type { CommandContext } from './command-context.ts';

export async function migrate({ server, print }: CommandContext): Promise<void> {
  if (server.rolePasswords) await createRoles(server.adminUrl, server.rolePasswords);
  const names = await migrateToLatest(server.adminUrl);
  for (const name of names) print(`migrated ${name}`);
  if (names.length === 0) print('The database is up to date.');
}

export async function revert({ server, print }: CommandContext): Promise<void> {
  const names = await rollback(server.adminUrl);
  for (const name of names) print(`rolled back ${name}`);
  if (names.length === 0) print('There is nothing to roll back.');
}

export async function status({ server, print }: CommandContext): Promise<void> {
  for (const { name, executedAt } of await migrationStatus(server.adminUrl)) {
    print(`${name}  ${executedAt?.toISOString() ?? 'pending'}`);
  }
}
