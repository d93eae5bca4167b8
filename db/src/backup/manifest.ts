import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type BackupDescription, names } from './backup.ts';

/** PostgreSQL's list of the files of a base backup ("Backup Manifest Format" in its manual). */
const manifestSchema = z.object({
  Files: z.array(
    z.object({
      Path: z.string(),
      Size: z.number(),
      'Checksum-Algorithm': z.literal('SHA256'),
      Checksum: z.string(),
    }),
  ),
  'Manifest-Checksum': z.string(),
});

/**
 * Throws unless what was unpacked is all that the backup said it holds, byte by byte. `digests` are SHA-256 by the names in the archive. WAL
 * is not in the server's list: its records have checksums of their own, which the server reads at its start.
 *
 * @throws {Error} that says what is missing or damaged
 */
export async function assertAllThere(
  folder: string,
  { home }: BackupDescription,
  digests: ReadonlyMap<string, string>,
): Promise<void> {
  if (!digests.has(names.manifest)) throw new Error('it ends too early');
  const expected = new Map(Object.entries(home).map(([path, digest]) => [`${names.home}${path}`, digest]));
  const text = await readFile(join(folder, names.manifest), 'utf8');
  const { Files: files, 'Manifest-Checksum': checksum } = manifestSchema.parse(JSON.parse(text));
  // It covers all lines but the one on which it stands.
  const covered = text.slice(0, text.lastIndexOf('"Manifest-Checksum"'));
  if (createHash('sha256').update(covered).digest('hex') !== checksum) {
    throw new Error('the list of its files is damaged');
  }
  for (const { Path, Checksum } of files) expected.set(`${names.database}${Path}`, Checksum);
  for (const [name, digest] of expected) {
    const found = digests.get(name);
    if (found !== digest) throw new Error(`${name} is ${found === undefined ? 'missing' : 'damaged'}`);
  }
  const unlisted = [...digests.keys()].find(
    (name) => !expected.has(name) && name !== names.manifest && !name.startsWith(`${names.database}pg_wal/`),
  );
  if (unlisted !== undefined) throw new Error(`it has a file ${unlisted}, which its list lacks`);
}
