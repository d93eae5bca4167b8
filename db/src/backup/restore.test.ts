import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createRunFolder } from '@signet/testing/run-folder';
import { packTar, type TarEntry } from 'modern-tar';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BackupError } from './backup.ts';
import { restore } from './restore.ts';

let folder: string;
beforeEach(async () => {
  folder = await createRunFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const fileEntry = (name: string, body: string): TarEntry => ({
  header: { name, type: 'file', size: Buffer.byteLength(body) },
  body,
});
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
const describedAs = (more: object) =>
  fileEntry(
    'backup.json',
    JSON.stringify({
      format: 'signet-backup/1',
      postgres: '18',
      createdAt: new Date().toISOString(),
      home: {},
      ...more,
    }),
  );
/** A manifest as PostgreSQL writes it, of these files. */
function manifestOf(files: Record<string, string>): TarEntry {
  const list = Object.entries(files).map(([Path, content]) => ({
    Path,
    Size: content.length,
    'Checksum-Algorithm': 'SHA256',
    Checksum: digestOf(content),
  }));
  const covered = `{ "Files": ${JSON.stringify(list)},\n`;
  return fileEntry('postgres/backup_manifest', `${covered}"Manifest-Checksum": "${digestOf(covered)}"}\n`);
}

/** Restores an archive of these entries. Whatever it holds, nothing but the file may be there afterwards. */
async function restoreEntries(...entries: TarEntry[]): Promise<unknown> {
  const file = join(folder, 'file');
  await writeFile(file, gzipSync(await packTar(entries)));
  const failure = await restore({
    home: join(folder, 'home'),
    file,
    finish: async () => expect.unreachable('no server starts on it'),
  }).catch((error: unknown) => error);
  expect(await readdir(folder)).toEqual(['file']);
  expect(failure).toBeInstanceOf(BackupError);
  return (failure as Error).message.replaceAll(folder, '');
}

it.each([
  'home/../../evil',
  'postgres/../../evil',
  '/evil',
  'evil',
  'home/postgres/PG_VERSION',
  'postgres/./x',
])('refuses an entry %j, and writes nothing outside', async (name) => {
  expect(await restoreEntries(describedAs({}), fileEntry(name, 'x'))).toContain('which no backup has');
});

it('refuses a link, through which a later entry would leave the home', async () => {
  const link: TarEntry = { header: { name: 'home/link', type: 'symlink', size: 0, linkname: '/tmp' } };
  expect(await restoreEntries(describedAs({}), link)).toContain('which no backup has');
});

it.each([
  [
    'a file that changed',
    [fileEntry('postgres/x', 'two'), manifestOf({ x: 'one' })],
    'postgres/x is damaged',
  ],
  ['a missing file', [manifestOf({ x: 'one' })], 'postgres/x is missing'],
  ['a file too many', [fileEntry('postgres/x', 'one'), manifestOf({})], 'which its list lacks'],
  ['a missing list', [fileEntry('postgres/x', 'one')], 'ends too early'],
  [
    'a changed list',
    [fileEntry('postgres/backup_manifest', '{"Files": [], "Manifest-Checksum": "00"}')],
    'the list of its files is damaged',
  ],
])('refuses %s, though the archive is whole', async (_title, entries, fault) => {
  expect(await restoreEntries(describedAs({}), ...entries)).toContain(fault);
});

it('refuses a secret that changed', async () => {
  const described = describedAs({ home: { 'password-pepper': digestOf('one') } });
  const message = await restoreEntries(described, fileEntry('home/password-pepper', 'two'), manifestOf({}));
  expect(message).toContain('home/password-pepper is damaged');
});

it.each([
  [{ format: 'signet-backup/2' }, 'has the format signet-backup/2'],
  [{ postgres: '19' }, 'holds data of PostgreSQL 19'],
])('refuses a backup of another kind, %j, and says with what to restore it', async (more, fault) => {
  const message = await restoreEntries(describedAs(more), manifestOf({}));
  expect(message).toContain(fault);
  expect(message).toContain('restore it with the version that made it');
});
