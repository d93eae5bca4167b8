import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type Environment } from '@signet/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSettings } from './load-settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-yaml-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Environment = {}) {
  const path = join(folder, 'signet.yaml');
  writeFileSync(path, text);
  return loadSettings(env, path);
}

/** Without the folder, which differs. */
function faultsOf(text: string, env: Environment = {}): string[] {
  try {
    load(text, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault) => fault.replaceAll(`${folder}/`, ''));
  }
}

const small = 'supergraph: their.graphql\nproof: off\n';
const issuer = `
issuers:
  - issuer: https://login.example/
    platform: user
    audience: their-graph
    jwks: https://login.example/keys
`;

describe('a configuration file', () => {
  it('says what variables say, with paths from its own folder', () => {
    const config = load(`${small}
subgraphs:
  reviews: http://reviews:4010/graphql
  Product-Catalog: https://catalog.example/graphql
limits: { depth: 7, cost: 900 }
defaultAccess: public
explorer: false
introspection: true
corsOrigins: [https://a.example, "https://b.example"]
requestTimeoutMs: 2500
${issuer}
entrances:
  shop-front:
    port: 4101
    trustedDocuments: enforce
    trustedDocumentsFiles: [documents/shop]
    corsOrigins: [https://shop.example]
  all: { port: 4102, supergraph: all.graphql, platforms: [user] }
`);
    expect(config).toMatchObject({
      SUPERGRAPH_FILE: join(folder, 'their.graphql'),
      SUBGRAPH_URLS: [
        'reviews=http://reviews:4010/graphql',
        'Product-Catalog=https://catalog.example/graphql',
      ],
      LIMIT_DEPTH: 7,
      LIMIT_COST: 900,
      LIMIT_TOKENS: 4000,
      DEFAULT_ACCESS: 'public',
      EXPLORER: false,
      INTROSPECTION: true,
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      REQUEST_TIMEOUT_MS: 2500,
      entranceNames: ['shop-front', 'all'],
      SHOP_FRONT_PORT: 4101,
      SHOP_FRONT_TRUSTED_DOCUMENTS: 'enforce',
      SHOP_FRONT_TRUSTED_DOCUMENTS_FILES: [join(folder, 'documents/shop')],
      SHOP_FRONT_CORS_ORIGINS: ['https://shop.example'],
      ALL_SUPERGRAPH_FILE: join(folder, 'all.graphql'),
      ALL_PLATFORMS: ['user'],
      ALL_TRUSTED_DOCUMENTS: 'off',
      issuers: { entries: [{ issuer: 'https://login.example/', audience: 'their-graph' }], folder },
    });
  });

  it('yields to the environment, whose faults are named by variable', () => {
    const text = `${small}limits: { depth: 7 }\nentrances: { shop: { port: 4101 }, staff: { port: 4102 } }`;
    const env = { LIMIT_DEPTH: '9', SHOP_PORT: '0', ENTRANCES: 'shop', SUPERGRAPH_FILE: 'other.graphql' };
    expect(load(text, env)).toMatchObject({
      LIMIT_DEPTH: 9,
      SHOP_PORT: 0,
      entranceNames: ['shop'],
      SUPERGRAPH_FILE: 'other.graphql',
    });
    expect(faultsOf(text, { LIMIT_DEPTH: 'deep', SHOP_PORT: 'x', ENTRANCES: 'shop,stuff' })).toEqual([
      'ENTRANCES: names stuff, and signet.yaml has shop, staff',
      'LIMIT_DEPTH: must be a whole number from 1',
      'SHOP_PORT: must be a port number, 0 to 65535',
    ]);
  });

  it('has all its faults reported at once, each with line and field', () => {
    expect(
      faultsOf(`${small}logLevel: loud
limits:
  depth: 0
  alias: 3
entrances:
  shop:
    port: 99999
    platforms: [user, portall]
    corsOrigins: [https://a.example/x]
  Bad_name: { port: 1 }
  staff: { platforms: [portal] }
subgraphs:
  reviews: ftp://x
revocationsDatabaseUrl: postgres://user:secret@db/x
max_in_flight: 3
corsOrigins:
`),
    ).toEqual([
      'signet.yaml:6:3: limits.alias: is no setting. Did you mean aliases?',
      'signet.yaml:12:3: entrances.Bad_name: is no name for an entrance: small letters, digits and dashes, at most 30',
      'signet.yaml:15:3: subgraphs.reviews: must be an http or https URL',
      'signet.yaml:16:1: revocationsDatabaseUrl: is a secret: name by revocationsDatabaseUrlFile a file that holds it, or set REVOCATIONS_DATABASE_URL',
      'signet.yaml:17:1: max_in_flight: is no setting. Did you mean maxInFlight?',
      'signet.yaml:18:1: corsOrigins: has no value: set it, or leave the key out',
      'signet.yaml:3:1: logLevel: must be one of fatal, error, warn, info, debug, silent',
      'signet.yaml:5:3: limits.depth: must be a whole number from 1',
      'signet.yaml:9:5: entrances.shop.port: must be a port number, 0 to 65535',
      'signet.yaml:10:5: entrances.shop.platforms: must be user or portal',
      'signet.yaml:11:5: entrances.shop.corsOrigins: must be origins such as https://shop.example, without a path',
      'signet.yaml:13:3: entrances.staff.port (or STAFF_PORT): is not set',
    ]);
  });

  it.each([
    ['without a supergraph', 'proof: off', ['signet.yaml: supergraph (or SUPERGRAPH_FILE): is not set']],
    ['with a key twice', `${small}proof: on`, ['signet.yaml:3:1: Map keys must be unique']],
    ['that is a list', '- a', [expect.stringMatching(/^signet.yaml:1:1: must be a map/)]],
    ['that is empty', '', [expect.stringMatching(/must be a map/)]],
    [
      'with two documents',
      `${small}---\nproof: off`,
      [expect.stringMatching(/signet.yaml:3:1: .*multiple documents/)],
    ],
    ['with an unknown tag', `${small}logLevel: !!js/function 'x'`, [expect.stringMatching(/:3:11: .*tag/)]],
    [
      'with an empty list',
      `${small}corsOrigins: []`,
      [expect.stringMatching(/:3:1: corsOrigins: is an empty/)],
    ],
    [
      'with entrances and a port',
      `${small}port: 1\nentrances: { a: { port: 2 } }`,
      [expect.stringMatching(/:3:1: port: is set together with entrances/)],
    ],
    ['with no entrance', `${small}entrances: {}`, [expect.stringMatching(/:3:1: entrances: names no/)]],
    [
      'with a port twice',
      `${small}entrances: { a: { port: 2 }, b: { port: 2 } }`,
      ['signet.yaml:3:35: entrances.b.port: is 2, as that of the entrance a'],
    ],
    [
      'with a platform that nobody issues tokens for',
      `${small}entrances: { a: { port: 2, platforms: [user, portal] } }${issuer}`,
      [
        expect.stringMatching(
          /^signet.yaml:3:28: entrances.a.platforms: names portal, and no issuer has that platform: add one, or take portal out/,
        ),
      ],
    ],
    [
      'with proof and no keys',
      'supergraph: a.graphql\nentrances: { a: { port: 2 } }',
      [
        expect.stringMatching(
          /^signet.yaml:2:14: entrances.a.proofKeyFile \(or A_PROOF_KEY_FILE\): is not set/,
        ),
        expect.stringMatching(/^signet.yaml: proofPeersFile \(or PROOF_PEERS_FILE\): is not set/),
      ],
    ],
    [
      'with documents to enforce and none named',
      `${small}entrances: { a: { port: 2, trustedDocuments: enforce } }`,
      [expect.stringMatching(/a.trustedDocumentsFiles .*: must name the manifests/)],
    ],
  ])('%s is refused', (_, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it('that is not there, or is no text, has one fault', () => {
    expect(() => loadSettings({}, join(folder, 'absent.yaml'))).toThrow(
      /absent.yaml: cannot be read \(ENOENT\)$/,
    );
    const path = join(folder, 'binary.yaml');
    writeFileSync(path, Buffer.from([0x61, 0xff, 0xfe]));
    expect(() => loadSettings({}, path)).toThrow(/binary.yaml: is not UTF-8$/);
  });

  it('never shows what a faulty line holds', () => {
    const faults = faultsOf(`${small}userPublicKeys: geheim\nrevocationsDatabaseUrl: [geheim\n`);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join()).not.toContain('geheim');
  });
});

describe('the section issuers', () => {
  it('has its faults with line and field, those between entries too', () => {
    const second = `${issuer.trim()}
  - issuer: https://login.example/
    platform: portal
    audience: [other, their-graph]
    jwks: http://keys.example/
    claims: { scopes: 12 }
    what: 1`;
    expect(faultsOf(`${small}${second}`)).toEqual([
      expect.stringMatching(/^signet.yaml:12:15: issuers\[1\].claims.scopes: must be the place of a claim/),
      expect.stringMatching(/^signet.yaml:8:5: issuers\[1\]: has no setting what/),
    ]);
    expect(faultsOf(`${small}${second.replace(/\n.*claims.*\n.*what: 1/, '')}`)).toEqual([
      expect.stringMatching(/^signet.yaml:11:5: issuers\[1\].jwks: must be https beyond loopback/),
      expect.stringMatching(/^signet.yaml:10:5: issuers\[1\].audience: .*belong to one platform/),
    ]);
  });

  it('must say in production that there are no revocations', () => {
    const env = { NODE_ENV: 'production', PROOF_OFF_IN_PRODUCTION: 'yes' };
    expect(faultsOf(`${small}${issuer.trim()}`, env)).toEqual([
      expect.stringMatching(/issuers\[0\].revocations: must be none in production/),
    ]);
    expect(faultsOf(`${small}${issuer.trim()}\n    revocations: none`, env)).toEqual([]);
  });
});
