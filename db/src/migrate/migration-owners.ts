import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { subgraphs } from '@signet/schema/subgraphs';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Of the repository, or of the image. */
export const root = join(import.meta.dirname, '../../..');

/** A migration failed, and with it the whole run: the data is as it was. Names the migration in its text. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** The platform, or a subgraph that may have a folder `migrations`. Each numbers its own. */
export type MigrationOwner = {
  name: string;
  folder: string;
  /** Where the names of executed migrations are, in the schema `migration`. Stays when the owner is gone. */
  table: string;
};

export type SignetMigration = Migration & {
  /** Migrations of the platform that did this before; their place in its list is free. */
  replaces?: readonly string[];
  /** Instead of `up`, where those have run: changes what they left into what `up` makes. */
  adopt?(db: Kysely<unknown>): Promise<void>;
  /**
   * What looks as if it broke the processes of the last release (beside-previous.test.ts names it), and why it does not: a reason for
   * each. They run on while the migrations do.
   */
  breaks?: Readonly<Record<string, string>>;
  /**
   * Tables of before that it locks, to which processes write: those that get a trigger, a policy, a column or an index. The run keeps writers out
   * of all of them before the first migration runs.
   */
  locks?: readonly string[];
};

export type MigrationSet = {
  owner: MigrationOwner;
  migrations: Readonly<Record<string, SignetMigration>>;
};

/** Subgraphs whose tables the platform's migrations make. */
const platformSubgraphs = ['auth', 'portal'];

/** In the order in which they run: the platform, then subgraphs as the registry lists them. */
export const migrationOwners: readonly MigrationOwner[] = [
  { name: 'platform', folder: join(root, 'db/migrations'), table: 'kysely_migration' },
  ...subgraphs
    .filter(({ name }) => !platformSubgraphs.includes(name))
    .map(({ name }) => ({
      name,
      folder: join(root, 'subgraphs', name, 'migrations'),
      table: `subgraph_${name}`,
    })),
];

/** Reads `0001-name.ts` and so on from the folder of each owner. An owner without one has no migrations. */
export async function loadMigrations(owners: readonly MigrationOwner[]): Promise<MigrationSet[]> {
  const sets = await Promise.all(
    owners.map(async (owner) => ({ owner, migrations: await loadFolder(owner.folder) })),
  );
  return sets.filter(({ migrations }) => Object.keys(migrations).length > 0);
}

/** How a migration is named to people: `0001-auth`, `reviews/0001-reviews`. */
export function labelOf(owner: MigrationOwner, migration: string): string {
  return owner.name === 'platform' ? migration : `${owner.name}/${migration}`;
}

async function loadFolder(folder: string): Promise<Record<string, SignetMigration>> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = files.filter((file) => /^\d{4}-[a-z0-9-]+\.ts$/.test(file)).sort();
  const misnamed = files.find((file) => /^\d\w*(?:-[\w-]*)?\.[jt]s$/.test(file) && !names.includes(file));
  if (misnamed) {
    throw new MigrationError(
      `${join(folder, misnamed)} would never run: a migration is named like 0002-add-colour.ts, four digits and then lowercase letters, digits and hyphens.`,
    );
  }
  const load = async (file: string) =>
    [file.slice(0, -3), (await import(pathToFileURL(join(folder, file)).href)) as SignetMigration] as const;
  return Object.fromEntries(await Promise.all(names.map(load)));
}
