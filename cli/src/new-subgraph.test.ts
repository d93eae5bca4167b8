import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newSubgraph } from './new-subgraph.ts';
import { wordsOf } from './subgraph-template.ts';

const root = join(import.meta.dirname, '../..');
const touched = ['schema/subgraphs.json', 'docker-compose.yml', 'schema/generated/supergraph.graphql'];

/** Only what the command reads: nothing runs here. */
let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'signet-new-'));
  mkdirSync(join(tree, 'subgraphs'));
  for (const path of touched) cpSync(join(root, path), join(tree, path));
});
afterEach(() => rmSync(tree, { recursive: true }));

const read = (path: string) => readFileSync(join(tree, path), 'utf8');
const state = () => [readdirSync(join(tree, 'subgraphs')), ...touched.map(read)];

describe('signet new subgraph', () => {
  it('writes a folder, a line in the registry and a service in compose', () => {
    const paths = newSubgraph(tree, 'reviews');
    for (const path of paths) expect([path, existsSync(join(tree, path))]).toEqual([path, true]);
    expect(JSON.parse(read('schema/subgraphs.json'))).toEqual([
      ...subgraphs.map(({ name, isDemo, hasPersonalData }) => ({
        name,
        ...(isDemo && { demo: true }),
        ...(hasPersonalData && { personalData: true }),
      })),
      { name: 'reviews', personalData: true },
    ]);
    expect(read('docker-compose.yml')).toContain(
      `REVIEWS_URL: http://reviews:${4011 + subgraphs.length}/graphql`,
    );
  });

  it.each([
    ['Reviews', /is not a name for a subgraph: 2 to 31 lowercase letters/],
    ['re-views', /is not a name for a subgraph/],
    ['../reviews', /is not a name for a subgraph/],
    ['9lives', /is not a name for a subgraph/],
    ['', /is not a name for a subgraph/],
    ['a'.repeat(32), /is not a name for a subgraph/],
    ['auth', /is taken: schema\/subgraphs\.json lists it/],
    ['select', /is reserved/],
    ['gateway', /is reserved/],
    ['pgcatalog', /is reserved/],
    ['users', /would define User, which the graph has already/],
  ])('refuses %j in one line and writes nothing', (name, fault) => {
    const before = state();
    expect(() => newSubgraph(tree, name)).toThrow(fault);
    expect(state()).toEqual(before);
  });

  it('refuses a folder that is there already', () => {
    mkdirSync(join(tree, 'subgraphs', 'reviews'));
    expect(() => newSubgraph(tree, 'reviews')).toThrow(/the folder subgraphs\/reviews is there already/);
    expect(readdirSync(join(tree, 'subgraphs', 'reviews'))).toEqual([]);
  });

  it('leaves everything as it was where docker-compose.yml is not as it knows it', () => {
    writeFileSync(join(tree, 'docker-compose.yml'), 'services: {}\n');
    const before = state();
    expect(() => newSubgraph(tree, 'reviews')).toThrow(/docker-compose\.yml: add under x-router by hand/);
    expect(state()).toEqual(before);
  });

  it.each([
    ['reviews', 'review', 'Review'],
    ['billing', 'billingItem', 'BillingItem'],
    ['press', 'pressItem', 'PressItem'],
  ])('%s is about a %s', (name, one, type) => {
    expect(wordsOf(name)).toMatchObject({ one, type });
  });
});
