import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, postGraphql, reasonsOf } from '@signet/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './build/manifest.ts';
import {
  createStrangersProject,
  readCodeBlock,
  type StrangersProject,
  waitUntilListening,
} from './packed.test-support.ts';

/*
 * Another team's graph: a subgraph of plain Apollo Server, which knows nothing of Signet, and one in Python's standard library, which verifies
 * the proof. They install the gateway and the command line from tarballs.
 */

const issuer = 'https://login.example/';
const audience = 'their-graph';
const python = join(root, 'docs/adopt/python-subgraph');

const productsProgram = `
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
const typeDefs = parse(\`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { products: [Product!]! }
  type Product @key(fields: "upc") { upc: ID! name: String! }\`);
const products = [{ upc: '1', name: 'Chair' }, { upc: '2', name: 'Table' }];
const resolvers = {
  Query: { products: () => products },
  Product: { __resolveReference: ({ upc }) => products.find((product) => product.upc === upc) },
};
const server = new ApolloServer({ schema: buildSubgraphSchema([{ typeDefs, resolvers }]) });
await startStandaloneServer(server, { listen: { port: 4999, host: '127.0.0.1' } });
`;

let project: StrangersProject;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let reviews: ChildProcess;
let reviewsUrl: string;
let gateway: ChildProcess;
let url: string;
let port: number;
let log = '';

beforeAll(async () => {
  project = await createStrangersProject({
    packages: ['gateway', 'cli'],
    dependencies: ['graphql@16.15.0', '@apollo/server@5.5.1', '@apollo/subgraph@2.15.1'],
    files: {},
  });
  keys = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256' };
  writeFileSync(join(project.folder, 'keys.json'), JSON.stringify({ keys: [jwk] }));
  await signet('keys', 'proof', 'init', '--out', 'proof', '--subgraph', 'products', '--subgraph', 'reviews');
  const productsUrl = await project.serve('products.mjs', productsProgram, 4999);
  [reviewsUrl] = await startReviews();
  await compose(productsUrl, '');
  port = await findFreePort();
  await start();
}, 240_000);
afterAll(async () => {
  for (const child of [reviews, gateway]) {
    if (!child || child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await project?.remove();
});

const signet = (...words: string[]) => project.node('node_modules/.bin/signet', ...words);

async function startReviews(): Promise<[url: string]> {
  for (const name of ['signet_proof.py', 'reviews.py']) {
    copyFileSync(join(python, name), join(project.folder, name));
  }
  const own = await findFreePort();
  reviews = spawn('python3', ['reviews.py'], {
    cwd: project.folder,
    env: {
      PATH: process.env.PATH,
      PORT: String(own),
      PROOF_KEY_FILE: 'proof/reviews/key.json',
      PROOF_PEERS_FILE: 'proof/peers/peers.json',
    },
    stdio: 'pipe',
  });
  await waitUntilListening(reviews, own);
  return [`http://127.0.0.1:${own}/graphql`];
}

let productsAt: string;
/** `more` is added to the SDL of the reviews. */
async function compose(productsUrl: string, more: string): Promise<string> {
  productsAt = productsUrl;
  writeFileSync(
    join(project.folder, 'reviews.graphql'),
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@authenticated"])
     type Mutation { review(upc: ID!, text: String!): Review @authenticated }
     type Product @key(fields: "upc") { upc: ID!, reviews: [Review!]! }
     type Review { text: String! ${more} }`,
  );
  const words = ['--subgraph', `products=${productsUrl}`, '--subgraph', 'reviews=reviews.graphql'];
  return signet('compose', ...words, '--url', `reviews=${reviewsUrl}`, '--output', 'their.graphql');
}

const settings = (
  more = 'defaultAccess: public',
) => `# yaml-language-server: $schema=./node_modules/@signet/gateway/signet.schema.json
supergraph: absent.graphql
${more}
proofPeersFile: proof/peers/peers.json
limits: { aliases: 3 }
issuers:
  - issuer: ${issuer}
    platform: user
    audience: ${audience}
    jwks: keys.json
    revocations: none
entrances:
  shop:
    port: ${port}
    platforms: [user]
    proofKeyFile: proof/gateway-user/key.json
`;

function write(name: string, text: string): void {
  writeFileSync(join(project.folder, `${name}.new`), text);
  renameSync(join(project.folder, `${name}.new`), join(project.folder, name));
}

async function start(): Promise<void> {
  write('signet.yaml', settings());
  gateway = project.start(
    ['node_modules/.bin/signet-gateway', '--supergraph', 'their.graphql', '--config', 'signet.yaml'],
    { NODE_ENV: 'production' },
  );
  for (const stream of [gateway.stdout, gateway.stderr]) stream?.on('data', (text) => (log += text));
  await waitUntilListening(gateway, port);
  url = `http://127.0.0.1:${port}/graphql`;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

const mint = (key = keys.privateKey, iss = issuer) =>
  new SignJWT({ scope: '' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
    .setIssuer(iss)
    .setAudience(audience)
    .setSubject(crypto.randomUUID())
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(key);

/** An identity provider with the keys of this test, by OpenID Connect Discovery. */
async function serveKeys(): Promise<{ issuer: string } & AsyncDisposable> {
  const server = createHttpServer((req, res) => {
    const isMetadata = req.url === '/.well-known/openid-configuration';
    res.setHeader('content-type', 'application/json');
    res.end(
      isMetadata
        ? JSON.stringify({ issuer: iss, jwks_uri: `${iss}keys` })
        : readFileSync(join(project.folder, 'keys.json')),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const iss = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    issuer: iss,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Resolves when the gateway has logged this after `from` characters. */
async function logged(text: string | RegExp, from: number): Promise<void> {
  while (log.slice(from).search(text) < 0) {
    if (gateway.exitCode !== null) throw new Error(`The gateway ended:\n${log}`);
    await sleep(50);
  }
}

const ask = (query: string, token?: string) => postGraphql(url, { query }, token ? { token } : {});
const query = '{ products { name reviews { text } } }';

describe("another team's graph, behind the packed gateway", () => {
  it('is answered by subgraphs in two languages', async () => {
    const answer = await ask(query);
    expect(answer.body).toEqual({
      data: {
        products: [
          { name: 'Chair', reviews: [{ text: 'Fits well.' }] },
          { name: 'Table', reviews: [] },
        ],
      },
    });
  });

  it('has its own rules enforced, for tokens of its own issuer', async () => {
    const mutation = 'mutation { review(upc: "2", text: "Wobbles.") { text } }';
    const anonymous = await ask(mutation);
    expect([anonymous.status, reasonsOf(anonymous)]).toEqual([401, ['auth.failure.missing_token']]);
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await ask(mutation, await mint(privateKey));
    expect([forged.status, reasonsOf(forged)]).toEqual([401, ['auth.failure.invalid_signature']]);
    expect((await ask(mutation, await mint())).body).toEqual({ data: { review: { text: 'Wobbles.' } } });
  });

  it('shows its schema to nobody in production, and has limits', async () => {
    const introspection = await ask('{ __schema { types { name } } }', await mint());
    expect([introspection.status, introspection.body.errors?.[0]?.extensions?.code]).toEqual([
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ]);
    const many = await ask(
      '{ a: products { upc } b: products { upc } c: products { upc } d: products { upc } }',
    );
    expect(reasonsOf(many)).toEqual(['request.limit.aliases']);
    expect((await fetch(`http://127.0.0.1:${port}/explorer`)).status).toBe(404);
  });

  it('has a subgraph that answers nobody but the gateway', async () => {
    const send = async (headers: Record<string, string>) => {
      const answer = await fetch(reviewsUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ _service { sdl } }' }),
      });
      return [answer.status, reasonsOf({ ...answer, body: (await answer.json()) as GraphqlAnswer['body'] })];
    };
    expect(await send({})).toEqual([401, ['auth.failure.proof_missing']]);
    const forged = {
      'content-digest': `sha-256=:${'A'.repeat(43)}=:`,
      'signet-context': 'id="a", entrance="user", auth=?0',
      'signature-input': `signet=("@method" "@path" "@query" "content-type" "content-digest" "signet-context");created=${Math.floor(Date.now() / 1000)};nonce="${'n'.repeat(22)}";keyid="${'k'.repeat(43)}.${'k'.repeat(43)}";alg="hmac-sha256";tag="signet-proof/1"`,
      signature: `signet=:${'A'.repeat(43)}=:`,
    };
    expect(await send(forged)).toEqual([401, ['auth.failure.proof_invalid']]);
  });

  it('takes changed settings and a changed supergraph without a restart, and refuses bad ones', async () => {
    let from = log.length;
    write('signet.yaml', settings('defaultAccess: nobody\ncolour: red'));
    await logged('the previous ones stay', from);
    expect(log.slice(from)).toMatch(
      /signet\.yaml:4:1: colour: is no setting.*signet\.yaml:3:1: defaultAccess: must be one of/,
    );
    expect((await ask(query)).status).toBe(200);
    from = log.length;
    write('signet.yaml', settings('defaultAccess: authenticated'));
    await logged('new settings are served', from);
    const anonymous = await ask(query);
    expect([anonymous.status, new Set(reasonsOf(anonymous))]).toEqual([
      401,
      new Set(['auth.failure.missing_token']),
    ]);
    expect((await ask(query, await mint())).status).toBe(200);
    from = log.length;
    write('their.graphql', 'type Query { half');
    await logged('the new supergraph cannot be served; the previous one stays', from);
    expect((await ask(query, await mint())).body.data.products).toHaveLength(2);
    from = log.length;
    await compose(productsAt, 'stars: Int');
    write('signet.yaml', settings('requestTimeoutMs: 5000'));
    await logged('new settings are served', from);
    const refused = await ask('{ products { reviews { stars } } }', await mint());
    expect([refused.status, new Set(reasonsOf(refused))]).toEqual([403, new Set(['authz.permission.deny'])]);
  });

  it('reports all faults of its settings at once, by line and field', async () => {
    write('bad.yaml', 'supergraph: their.graphql\nproof: of\nlimits:\n  depth: 0\nissuers:\n  - issuer: x\n');
    const failed = await project
      .node('node_modules/.bin/signet-gateway', '--config', 'bad.yaml', '--check')
      .then(
        () => undefined,
        (error: { code: number; stderr: string }) => error,
      );
    expect(failed?.code).toBe(1);
    expect(failed?.stderr).toMatch(
      /bad.yaml:6:\d+: issuers\[0\].issuer: [\s\S]*bad.yaml:4:3: limits.depth: [\s\S]*bad.yaml:2:1: proof: must be on or off/,
    );
  });

  it('asks which supergraph, where the command line names none', async () => {
    const failed = await project.node('node_modules/.bin/signet-gateway').then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed?.code).toBe(2);
    expect(failed?.stderr).toMatch(/which supergraph\?.*[\s\S]*--config signet\.yaml/);
  });

  it('runs the README of the package: the command with its file, and the gateway in a process of its own', async () => {
    const readme = readFileSync(join(root, 'packages/gateway/README.md'), 'utf8');
    const own = await findFreePort();
    await using provider = await serveKeys();
    const file = readCodeBlock(readme, 'yaml')
      .replaceAll('https://login.example/', provider.issuer)
      .replace('my-graph', audience)
      .replace('port: 4000', `port: ${own}`);
    writeFileSync(join(project.folder, 'readme.yaml'), file);
    const [, command = ''] = /^npx (signet-gateway .*)$/m.exec(readCodeBlock(readme, 'sh')) ?? [];
    const words = command
      .replace('supergraph.graphql', 'their.graphql')
      .replace('signet.yaml', 'readme.yaml')
      .split(' ');
    const program = readCodeBlock(readme).replace('signet.yaml', 'readme.yaml');
    writeFileSync(join(project.folder, 'readme-gateway.mjs'), program);
    const starts: [string[], Record<string, string>][] = [
      [[`node_modules/.bin/${words[0]}`, ...words.slice(1)], {}],
      [['readme-gateway.mjs'], { SUPERGRAPH_FILE: 'their.graphql' }],
    ];
    for (const [args, env] of starts) {
      const child = project.start(args, env);
      await waitUntilListening(child, own);
      const send = (token?: string) =>
        postGraphql(
          `http://127.0.0.1:${own}/graphql`,
          { query: '{ products { name } }' },
          token ? { token } : {},
        );
      expect([args[0], (await send()).status]).toEqual([args[0], 401]);
      expect((await send(await mint(keys.privateKey, provider.issuer))).body.data.products).toHaveLength(2);
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  it('can have a router of another make, whose fetches the packed signer signs', async () => {
    const own = await findFreePort();
    const secret = 'a'.repeat(40);
    const child = project.start(['node_modules/.bin/signet-signer'], {
      PORT: String(own),
      SIGNER_ENTRANCE: 'user',
      SIGNER_SECRET: secret,
      SUBGRAPH_URLS: `reviews=${reviewsUrl}`,
      PROOF_KEY_FILE: 'proof/gateway-user/key.json',
      PROOF_PEERS_FILE: 'proof/peers/peers.json',
    });
    await waitUntilListening(child, own);
    const fetchBy = (key: string) =>
      fetch(`http://127.0.0.1:${own}/reviews`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'signet-signer': key },
        body: JSON.stringify({ query: '{ _service { sdl } }' }),
      });
    const answer = await fetchBy(secret);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { data: { _service: { sdl: expect.stringContaining('type Review') } } },
    ]);
    expect((await fetchBy('b'.repeat(40))).status).toBe(403);
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('has pages for developers, out of the package alone', async () => {
    const own = await findFreePort();
    const entry = [
      'node_modules/.bin/signet-gateway',
      '--config',
      'signet.yaml',
      '--supergraph',
      'their.graphql',
    ];
    write('signet.yaml', settings());
    const child = project.start(entry, { SHOP_PORT: String(own) });
    await waitUntilListening(child, own);
    const base = `http://127.0.0.1:${own}`;
    const page = await (await fetch(`${base}/explorer`, { headers: { accept: 'text/html' } })).text();
    const script = /src="(\/explorer\/assets\/[^"]+\.js)"/.exec(page)?.[1];
    const file = await fetch(`${base}${script}`);
    expect([file.status, file.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('javascript'),
    ]);
    await file.arrayBuffer();
  });
});
