import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@signet/service';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeProofSet, LockedError, proofPathsOf, readProofSet, writeProofSet } from './proof-folder.ts';
import { addSubgraph, createProofSet, replaceKeys, rotateProofSet } from './proof-set.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signet-proof-'));
  folder = join(parent, 'deep', 'set');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
/** Every file of the folder with its content. */
const snapshot = () =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'utf8')]),
  );
const rotateAll = ({ rename = renameSync } = {}) =>
  changeProofSet(
    folder,
    (set) => rotateProofSet(set, 'publish', { names: Object.keys(set.keyFiles), now: new Date() }),
    { rename },
  );

test('writes a set that is read as it was, private files for their owner only', () => {
  const set = createProofSet();
  writeProofSet(folder, set);
  expect(readProofSet(folder)).toEqual(set);
  for (const name of Object.keys(set.keyFiles)) {
    expect(modeOf(join(folder, name))).toBe('700');
    expect(modeOf(proofPathsOf(folder, name).keyFile)).toBe('600');
  }
  expect(modeOf(proofPathsOf(folder, '').peersFile)).toBe('644');
  expect(readFileSync(proofPathsOf(folder, '').peersFile, 'utf8')).not.toContain('"d"');
  expect(readdirSync(join(parent, 'deep'))).toEqual(['set']);
});

test('takes an empty folder, and never one with something in it', () => {
  mkdirSync(folder, { recursive: true });
  writeProofSet(folder, createProofSet());
  const before = snapshot();
  expect(() => writeProofSet(folder, createProofSet())).toThrow(/ENOTEMPTY|EEXIST/);
  expect(snapshot()).toEqual(before);
  expect(readdirSync(join(parent, 'deep'))).toEqual(['set']);
});

test('changes what changed, and leaves neither drafts nor a lock', () => {
  writeProofSet(folder, createProofSet());
  const before = snapshot();
  changeProofSet(folder, (set) => replaceKeys(set, ['portal']));
  const changed = Object.entries(snapshot()).filter(([path, text]) => before[path] !== text);
  expect(changed.map(([path]) => path.slice(folder.length)).sort()).toEqual([
    '/peers/peers.json',
    '/portal/key.json',
  ]);
  expect(modeOf(proofPathsOf(folder, 'portal').keyFile)).toBe('600');
});

test('adds a folder for a subgraph that is new', () => {
  writeProofSet(folder, createProofSet());
  const set = changeProofSet(folder, (old) => addSubgraph(old, 'added'));
  expect(readProofSet(folder)).toEqual(set);
  expect(modeOf(proofPathsOf(folder, 'added').keyFile)).toBe('600');
});

// Only root may give a file away, and only root's files would be taken from a container's user.
test.runIf(process.getuid?.() === 0)('leaves every file to whom it belonged, new ones too', () => {
  writeProofSet(folder, createProofSet());
  const all = () => [
    folder,
    ...readdirSync(folder, { recursive: true }).map((path) => join(folder, String(path))),
  ];
  for (const path of all()) chownSync(path, 1000, 1000);
  changeProofSet(folder, (set) => addSubgraph(replaceKeys(set, ['portal']), 'added'));
  expect(all().filter((path) => statSync(path).uid !== 1000 || statSync(path).gid !== 1000)).toEqual([]);
  expect(all()).toContain(proofPathsOf(folder, 'added').keyFile);
});

test('leaves every file as it was where one can not be replaced', () => {
  writeProofSet(folder, createProofSet());
  const before = snapshot();
  // What stands in the way of the last one comes up when the first have been prepared.
  mkdirSync(`${proofPathsOf(folder, '').peersFile}.new/x`, { recursive: true });
  expect(() => rotateAll()).toThrow();
  rmSync(`${proofPathsOf(folder, '').peersFile}.new`, { recursive: true });
  expect(snapshot()).toEqual(before);
});

test('puts back what was replaced already where a later one fails', () => {
  writeProofSet(folder, createProofSet());
  const before = snapshot();
  let renames = 0;
  const rename: typeof renameSync = (from, to) => {
    if (++renames === 3) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    renameSync(from, to);
  };
  expect(() => rotateAll({ rename })).toThrow('no space');
  expect(renames).toBe(3);
  expect(snapshot()).toEqual(before);
  expect(modeOf(proofPathsOf(folder, 'portal').keyFile)).toBe('600');
});

test('leaves every file as it was where the change itself is refused', () => {
  writeProofSet(folder, createProofSet());
  rotateAll();
  const before = snapshot();
  expect(() => rotateAll()).toThrow(/its next step is switch/);
  expect(snapshot()).toEqual(before);
});

test('lets one command at a time change a set', () => {
  writeProofSet(folder, createProofSet());
  const nested = () => changeProofSet(folder, (set) => set);
  expect(() =>
    changeProofSet(folder, (set) => {
      nested();
      return set;
    }),
  ).toThrow(LockedError);
  expect(nested).not.toThrow();
});

test('reads no set whose files disagree', () => {
  writeProofSet(folder, createProofSet());
  const { keyFile } = proofPathsOf(folder, 'portal');
  writeFileSync(keyFile, JSON.stringify({ ...createProofSet().keyFiles.portal }));
  rmSync(proofPathsOf(folder, 'auth').keyFile);
  try {
    readProofSet(folder);
    expect.unreachable();
  } catch (error) {
    expect((error as ConfigError).faults).toEqual([
      `${proofPathsOf(folder, 'auth').keyFile}: can't be read (ENOENT); ${proofPathsOf(folder, '').peersFile} lists auth: put the key file back, or move ${folder} away and make a new set`,
      `${keyFile}: has other keys than ${proofPathsOf(folder, '').peersFile} says, or in another order`,
    ]);
  }
});

test('says what can not be written to', () => {
  expect(() => changeProofSet(join(folder, 'nowhere'), (set) => set)).toThrow(ConfigError);
});
