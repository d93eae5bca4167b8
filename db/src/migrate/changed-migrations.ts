import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MigrationOptions, migrationStatus } from './migrate.ts';
import { migrationOwners } from './migration-owners.ts';

/** By the name of a migration: the time at which it ran, and the SHA-256 of its file when it was first seen after that. */
type Notes = Record<string, { executedAt: string; sha256: string }>;

/**
 * The names of migrations whose files are no longer what ran in this database: a change of such a file does nothing here, and the
 * processes then ask for columns that are not there. For development, where `notesFile` remembers the files. What was taken back and
 * ran again counts as new, and so does everything in another database.
 */
export async function findChangedMigrations(
  adminUrl: string,
  notesFile: string,
  options: MigrationOptions = {},
): Promise<string[]> {
  const { owners = migrationOwners } = options;
  const known = await readNotes(notesFile);
  const notes: Notes = {};
  const changed: string[] = [];
  for (const { name, executedAt } of await migrationStatus(adminUrl, options)) {
    const sha256 = await hashFile(name, owners);
    if (executedAt === undefined || sha256 === undefined) continue;
    const time = executedAt.toISOString();
    const noted = known[name]?.executedAt === time ? known[name] : { executedAt: time, sha256 };
    notes[name] = noted;
    if (noted.sha256 !== sha256) changed.push(name);
  }
  // Where the folder is read-only, nothing is remembered: no start fails for that.
  await writeFile(notesFile, `${JSON.stringify(notes, null, 2)}\n`, { mode: 0o600 }).catch(() => {});
  return changed;
}

/** Undefined for a migration that this code does not have. */
async function hashFile(
  name: string,
  owners: NonNullable<MigrationOptions['owners']>,
): Promise<string | undefined> {
  const [file = '', owner = 'platform'] = name.split('/').reverse();
  const folder = owners.find((one) => one.name === owner)?.folder;
  const text = folder && (await readFile(join(folder, `${file}.ts`)).catch(() => undefined));
  return text ? createHash('sha256').update(text).digest('hex') : undefined;
}

/** A file that is missing or damaged remembers nothing. */
async function readNotes(notesFile: string): Promise<Notes> {
  try {
    return JSON.parse(await readFile(notesFile, 'utf8')) as Notes;
  } catch {
    return {};
  }
}
