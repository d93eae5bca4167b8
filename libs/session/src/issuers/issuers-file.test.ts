import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@signet/service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTrustedIssuers } from '../trusted-issuers.ts';
import { createTestLogger } from './foreign-issuer.test-support.ts';
import { readIssuersFile } from './issuers-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-issuers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function faultsOf(path: string): readonly string[] {
  try {
    readIssuersFile(path);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults.map((fault) => fault.replace(`${folder}/`, ''));
  }
}

const good = `issuers:
  - issuer: https://id.example
    platform: user
    audience: api
    jwks: https://id.example/keys
`;

test('reads YAML and JSON, and nothing without a path', () => {
  const { entries } = readIssuersFile(write('good.yaml', good));
  expect(entries).toMatchObject([{ issuer: 'https://id.example', ids: 'subject' }]);
  expect(readIssuersFile(write('good.json', JSON.stringify({ issuers: entries }))).entries).toEqual(entries);
  expect(readIssuersFile(undefined).entries).toEqual([]);
});

test("reads the section of a gateway's settings file, which must be there", () => {
  const gateway = `supergraph: supergraph.graphql\nproof: keys\n`;
  expect(readIssuersFile(write('signet.yaml', gateway + good)).entries).toEqual(
    readIssuersFile(write('good.yaml', good)).entries,
  );
  expect(faultsOf(write('signet.yaml', gateway))).toEqual([
    expect.stringMatching(/^signet\.yaml:1:1: issuers: /),
  ]);
  expect(faultsOf(write('signet.yaml', `${gateway}issuer:\n  - issuer: x`))).toHaveLength(1);
});

test('names file, line, column and field of every fault at once', () => {
  const text = `${good}    algorithms: [RS256, HS256]
    claims:
      scopes: 7
      rolle: role
  - issuer: https://other.example
    platform: admin
    audience: api
`;
  expect(faultsOf(write('bad.yaml', text))).toEqual([
    expect.stringMatching(/^bad\.yaml:6:25: issuers\[0\]\.algorithms\[1\]: must be one of/),
    expect.stringMatching(/^bad\.yaml:8:7: issuers\[0\]\.claims\.scopes: must be the place of a claim/),
    'bad.yaml:7:5: issuers[0].claims: has no setting rolle',
    'bad.yaml:11:5: issuers[1].platform: must be user or portal',
  ]);
});

test.each([
  ['a tab', 'issuers:\n\t- x', /^x\.yaml:2:1: /],
  ['a key twice', 'issuers: []\nissuers: []', /^x\.yaml:2:1: Map keys must be unique/],
  ['another document', 'hello: world', /^x\.yaml:1:1: (issuers|the file): /],
  ['nothing', '', /^x\.yaml:1:1: the file: /],
  [
    'aliases that multiply',
    `a: &a [x, x]\n${'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]}, `.repeat(9)}]`)
      .join('\n')}`,
    /too many aliases/,
  ],
])('a file with %s has one clear fault', (_title, text, fault) => {
  const [first] = faultsOf(write('x.yaml', text));
  expect(first).toMatch(fault);
});

test('a file that is not there is named by its variable', () => {
  expect(faultsOf(join(folder, 'absent'))).toEqual([
    'ISSUERS_FILE: names a file that cannot be read (ENOENT)',
  ]);
});

test('faults between entries have their place in the file too', async () => {
  const second = good.replace('issuers:\n', '').replace('user', 'portal');
  const ISSUERS_FILE = write('overlap.yaml', good + second);
  const trusted = createTrustedIssuers({ JWKS_INSECURE: false, ISSUERS_FILE }, createTestLogger().logger, {
    wanted: [],
  });
  await expect(trusted).rejects.toThrow(
    /overlap\.yaml:8:5: issuers\[1\]\.audience: has 'api' for the platform portal[\s\S]*overlap\.yaml:9:5: issuers\[1\]\.jwks: is that of issuers\[0\]/,
  );
});
