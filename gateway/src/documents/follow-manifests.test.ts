import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@signet/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FollowedManifests, followManifests } from './follow-manifests.ts';

const logger = createLogger('test', 'silent');
let folder: string;
let followed: FollowedManifests | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'));
});
afterEach(async () => {
  followed?.stop();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

test('reads files and the .json files of folders', async () => {
  await write('a.json', ['one']);
  await write('b.json', ['two']);
  await write('notes.txt', ['three']);
  expect(await follow(folder)).toEqual(['one', 'two']);
});

test('does not start on a missing path', async () => {
  await expect(follow(path('gone.json'))).rejects.toThrow(/gone\.json: cannot be read \(ENOENT\)/);
});

test('does not start on a file that is no manifest', async () => {
  await writeFile(path('a.json'), '{}');
  await expect(follow(folder)).rejects.toThrow(/a\.json: format is not/);
});

test('does not start on a file that is not UTF-8', async () => {
  await writeFile(path('a.json'), Buffer.from(manifest(['schön']), 'latin1'));
  await expect(follow(folder)).rejects.toThrow(/a\.json: is not UTF-8/);
});

test('takes a new file, a changed one, and one that is gone', async () => {
  await write('a.json', ['one']);
  await follow(folder);
  await write('b.json', ['two']);
  await vi.waitFor(() => expect(ids()).toEqual(['one', 'two']), 30_000);
  await write('a.json', ['one', 'three']);
  await vi.waitFor(() => expect(ids()).toEqual(['one', 'three', 'two']), 30_000);
  await unlink(path('b.json'));
  await vi.waitFor(() => expect(ids()).toEqual(['one', 'three']), 30_000);
});

test('takes a folder that a link was turned to', async () => {
  const [older, newer] = [await mkdtemp(join(folder, '1-')), await mkdtemp(join(folder, '2-'))];
  await writeFile(join(older, 'a.json'), manifest(['one']));
  await writeFile(join(newer, 'a.json'), manifest(['two']));
  await symlink(older, path('current'));
  await follow(path('current'));
  await symlink(newer, path('next'));
  await rename(path('next'), path('current'));
  await vi.waitFor(() => expect(ids()).toEqual(['two']), 30_000);
});

test.each([
  ['broken', () => writeFile(path('a.json'), '{"format":')],
  ['gone', () => unlink(path('a.json'))],
  ['empty', () => write('a.json', [])],
])(
  'keeps the list when its only file is %s, says so once, and takes it when it is mended',
  async (_title, spoil) => {
    const error = vi.spyOn(logger, 'error');
    await write('a.json', ['one']);
    await follow(folder);
    await spoil();
    await vi.waitFor(() => expect(error).toHaveBeenCalled(), 30_000);
    // Several looks later.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(error).toHaveBeenCalledTimes(1);
    expect(ids()).toEqual(['one']);
    await write('a.json', ['one', 'two']);
    await vi.waitFor(() => expect(ids()).toEqual(['one', 'two']), 30_000);
  },
);

test('looks no more once it is stopped', async () => {
  await write('a.json', ['one']);
  await follow(folder);
  followed?.stop();
  await write('a.json', ['two']);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(ids()).toEqual(['one']);
});

async function follow(where: string) {
  followed = await followManifests({ paths: [where], logger, pollMs: 10 });
  return ids();
}

function ids() {
  return followed?.list.documents.map(({ id }) => id);
}

function path(name: string) {
  return join(folder, name);
}

function write(name: string, documentIds: string[]) {
  return writeFile(path(name), manifest(documentIds));
}

function manifest(documentIds: string[]) {
  const operations = documentIds.map((id) => ({ id, name: id, type: 'query', body: `query ${id} { a }` }));
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
}
