import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { plainLicences, readLockedPackages } from '../deploy/supply/licences.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const pages = globSync('**/*.md', {
  cwd: root,
  exclude: (path) => /(^|\/)(node_modules|\.signet|packages\/dist)$/.test(path),
});

const installed = readLockedPackages(root);

/** The documentation keeps its examples from the shop when somebody removes the shop. */
function isOfRemovedSubgraph(path: string): boolean {
  const [, folder] = /^(subgraphs\/\w+)\//.exec(path) ?? [];
  return folder !== undefined && !existsSync(join(root, folder));
}

test.each(pages)('every link of %s leads to a file', (page) => {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const missing = targets
    .filter((target) => !/^(https?:|#)/.test(target))
    .map((target) => relative(root, join(root, dirname(page), target.replace(/#.*$/, ''))))
    .filter((path) => !existsSync(join(root, path)) && !isOfRemovedSubgraph(path));
  expect(missing).toEqual([]);
});

test('NOTICE names every package whose licence is not a plain one', () => {
  const notice = read('NOTICE');
  const isPlain = (licence: string) =>
    licence
      .replaceAll(/[()]/g, '')
      .split(/ (?:AND|OR) /)
      .every((part) => plainLicences.has(part));
  const unnamed = installed
    .filter(({ licence }) => !isPlain(licence))
    .map(({ name }) => name)
    .filter((name) => !notice.includes(name.replace(/^lightningcss-.*/, 'lightningcss-*')));
  expect([...new Set(unnamed)]).toEqual([]);
});

test('NOTICE names the packages under the Elastic License and no others', () => {
  const section = /1\. Elastic[\s\S]*?\n2\. /.exec(read('NOTICE'))?.[0] ?? '';
  const named = [...section.matchAll(/^ {2}(@apollo\/[\w-]+)/gm)].map(([, name]) => name);
  const elastic = installed.flatMap(({ name, licence }) => (licence.startsWith('Elastic') ? [name] : []));
  expect(named.sort()).toEqual(elastic.sort());
});
