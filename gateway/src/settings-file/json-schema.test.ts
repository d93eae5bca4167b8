import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@signet/service';
import { Ajv2020 } from 'ajv/dist/2020.js';
// Both come with Fastify.
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadSettings } from './load-settings.ts';

/*
 * An editor judges a file by the committed JSON Schema, and the gateway by its parser. They must not disagree on what one setting may be.
 */

type Property = { type?: string; enum?: string[]; default?: unknown; minimum?: number; maximum?: number };
type Section = { properties: Record<string, Property> };

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../packages/gateway/signet.schema.json'), 'utf8'),
);
const ajv = new Ajv2020({ allErrors: true });
addFormats.default(ajv);
const isValid = ajv.compile(schema);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-schema-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base = { supergraph: 'their.graphql', proof: 'off' };
const entrance = { port: 4001 };
const issuer = {
  issuer: 'https://login.example/',
  platform: 'user',
  audience: 'my-graph',
  jwks: 'https://login.example/keys',
};

/** What both say of a file. `faults`: the parser's. */
function judge(file: object) {
  const path = join(folder, 'signet.yaml');
  writeFileSync(path, stringify({ ...base, ...file }));
  let faults: readonly string[] = [];
  try {
    loadSettings({}, path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ({ faults } = error);
  }
  return { schema: isValid({ ...base, ...file }), parser: faults.length === 0, faults };
}

const accepted = { schema: true, parser: true };
const refused = { schema: false, parser: false };

it.each<[string, object]>([
  ['no more than a supergraph', {}],
  ['entrances with a port', { entrances: { shop: entrance, 'a-b2': { port: 0 } } }],
  ['limits', { limits: { depth: 3, aliases: 1 } }],
  ['subgraphs', { subgraphs: { 'Product-Catalog': 'https://catalog.example/graphql' } }],
  ['lists', { corsOrigins: ['https://a.example'], allowedHosts: ['a.example'] }],
  ['switches', { explorer: true, introspection: false }],
  ['an issuer', { issuers: [issuer] }],
  [
    'an issuer with all that it may say',
    {
      issuers: [
        {
          ...issuer,
          platform: 'portal',
          audience: ['a', 'b'],
          audienceClaim: 'client_id',
          algorithms: ['RS256', 'EdDSA'],
          tokenTypes: ['at+jwt', 'JWT'],
          require: { scp: true, ver: '2.0', tid: ['a', 'b'] },
          claims: {
            subject: 'oid',
            scopes: ['scp', 'a["b.c"].d'],
            role: { from: 'roles', values: { Boss: 'super_admin' } },
            tenant: 'tid',
          },
          ids: 'derived',
          revocations: 'none',
        },
      ],
    },
  ],
])('both accept %s', (_, file) => {
  expect(judge(file)).toEqual({ ...accepted, faults: [] });
});

it.each<[string, object]>([
  ['an unknown key', { colour: 'red' }],
  ['an unknown limit', { limits: { depht: 3 } }],
  ['an unknown setting of an entrance', { entrances: { shop: { ...entrance, colour: 'red' } } }],
  ['an entrance without a port', { entrances: { shop: {} } }],
  ['an entrance with a bad name', { entrances: { 'The Shop': entrance } }],
  ['no entrance', { entrances: {} }],
  ['a port that is none', { entrances: { shop: { port: 70_000 } } }],
  [
    'a platform that is none',
    { entrances: { shop: { ...entrance, platforms: ['staff'] } }, issuers: [issuer] },
  ],
  ['a secret', { revocationsDatabaseUrl: 'postgres://a:b@c/d' }],
  ['a subgraph that is no text', { subgraphs: { a: 7 } }],
  ['a choice that is none', { defaultAccess: 'everybody' }],
  ['a number out of range', { limits: { depth: 0 } }],
  ['no issuer in the list', { issuers: [] }],
  ['issuers that are no list', { issuers: issuer }],
  ['an issuer without an audience', { issuers: [{ ...issuer, audience: undefined }] }],
  ['an issuer with an unknown key', { issuers: [{ ...issuer, rolle: 'x' }] }],
  ['an issuer with an algorithm of shared secrets', { issuers: [{ ...issuer, algorithms: ['HS256'] }] }],
  ['an issuer without algorithms', { issuers: [{ ...issuer, algorithms: [] }] }],
  ['a claim mapping that is a number', { issuers: [{ ...issuer, claims: { scopes: 7 } }] }],
  ['a role by no rule', { issuers: [{ ...issuer, platform: 'portal', claims: { role: { from: 'a' } } }] }],
  ['other revocations', { issuers: [{ ...issuer, revocations: 'some' }] }],
])('both refuse %s', (_, file) => {
  const { faults, ...verdicts } = judge(file);
  expect([verdicts, faults.length > 0]).toEqual([refused, true]);
});

/** Where a setting stands, for each section of settings. */
const sections: [string, Section, (setting: object) => object][] = [
  ['the file', schema, (setting) => setting],
  ['limits', schema.properties.limits, (setting) => ({ limits: setting })],
  [
    'an entrance',
    schema.properties.entrances.additionalProperties,
    (setting) => ({ entrances: { shop: { ...entrance, ...setting } } }),
  ],
];
const settings = sections.flatMap(([section, { properties }, put]) =>
  Object.entries(properties)
    .filter(([, { type }]) => type !== 'object' && type !== undefined)
    .filter(([key]) => key !== 'issuers')
    .map(([key, property]) => ({ section, key, property, put })),
);

describe.each(settings)('$key of $section', ({ key, property, put }) => {
  const place = new RegExp(String.raw`^\S+ (?:[\w-]+\.)*${key}(?::| \()`);
  const verdictsOn = (value: unknown) => {
    const { schema: bySchema, faults } = judge(put({ [key]: value }));
    return { schema: bySchema, parser: !faults.some((fault) => place.test(fault)) };
  };

  it('is no map for both', () => {
    expect(verdictsOn({ a: 1 })).toEqual(refused);
  });

  it('may be its default, or any of its choices and bounds, for both', () => {
    const { default: usual, enum: choices = [], minimum, maximum } = property;
    const values = [usual, ...choices, minimum, maximum].filter((value) => value !== undefined);
    for (const value of values) expect([value, verdictsOn(value)]).toEqual([value, accepted]);
  });

  it('is refused by both beyond them', () => {
    const { type, enum: choices, minimum, maximum } = property;
    const values = [
      ...(choices ? ['no-such-choice'] : []),
      ...(type === 'integer' ? ['many', 1.5] : []),
      ...(type === 'boolean' ? ['perhaps'] : []),
      ...(minimum === undefined ? [] : [minimum - 1]),
      ...(maximum === undefined ? [] : [maximum + 1]),
    ];
    for (const value of values) expect([value, verdictsOn(value)]).toEqual([value, refused]);
  });
});
