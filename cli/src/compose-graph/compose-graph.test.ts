import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run-command.test-support.ts';

let folder: string;
const closes: (() => void)[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-compose-'));
});
afterAll(() => {
  for (const close of closes) close();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closes.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

const serveSdl = (sdl: string) =>
  serve((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ data: { _service: { sdl } } }));
  });

/** Federation 1: no link. */
const reviews = `extend type Product @key(fields: "upc") { upc: ID! @external reviews: [String!]! }`;
/** Federation 2, with names and a directive of its own. */
const products = `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@tag", "@composeDirective", { name: "@authenticated", as: "@signedIn" }])
    @link(url: "https://specs.example.dev/audit/v1.0", import: ["@audited"])
    @composeDirective(name: "@audited")
  directive @audited on FIELD_DEFINITION
  type Query { product(upc: ID!): Product secret: String @signedIn cost: Int @tag(name: "internal") @audited }
  type Product @key(fields: "upc") { upc: ID! name: String }`;

describe('signet compose --subgraph', () => {
  it('composes federation 1 and 2 from files and URLs, with their own links, and asks both composers', async () => {
    const url = await serveSdl(products);
    const output = join(folder, 'supergraph.graphql');
    const { code, out, err } = await run([
      'compose',
      '--subgraph',
      `products=${url}`,
      '--subgraph',
      `reviews=${file('reviews.graphql', reviews)}`,
      '--output',
      output,
    ]);
    expect([err, code]).toEqual(['', 0]);
    expect(out).toMatch(/of 2 subgraphs, which Apollo's composer accepts too\.\n.*where reviews answers/);
    const supergraph = readFileSync(output, 'utf8');
    expect(supergraph).toContain(`@join__graph(name: "products", url: "${url}")`);
    expect(supergraph).toMatch(/secret: String .*@authenticated/);
    expect(supergraph).toMatch(/cost: Int .*@audited/);
    const named = await run([
      'compose',
      '--subgraph',
      `products=${url}`,
      '--subgraph',
      `reviews=${file('reviews.graphql', reviews)}`,
      '--url',
      'reviews=http://reviews:4010/graphql',
      '--exclude',
      'internal',
    ]);
    expect(named.out).toContain('@join__graph(name: "reviews", url: "http://reviews:4010/graphql")');
    expect(named.out).toMatch(/cost: Int.*@inaccessible/);
  });

  it('names each subgraph that cannot be read, with its line', async () => {
    const html = await serve((_req, res) => res.end('<html>'));
    const empty = await serveSdl('');
    const moved = await serve((_req, res) => res.writeHead(302, { location: html }).end());
    const { code, err } = await run([
      'compose',
      ...Object.entries({
        broken: file('broken.graphql', 'type Query {\n  a: Int!!\n}'),
        absent: join(folder, 'absent.graphql'),
        binary: file('binary.graphql', Buffer.from([0xff, 0xfe])),
        html,
        empty,
        moved,
        down: 'http://127.0.0.1:1/graphql',
      }).flatMap(([name, source]) => ['--subgraph', `${name}=${source}`]),
    ]);
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/^broken \(.*broken.graphql\): line 2, column 10: Syntax Error/),
      expect.stringMatching(/^absent .*: the file cannot be read \(ENOENT\)$/),
      expect.stringMatching(/^binary .*: it is not UTF-8$/),
      expect.stringMatching(/^html .*: it answers 200 and no \{ data/),
      expect.stringMatching(/^empty .*: it answers 200 and no/),
      expect.stringMatching(/^moved .*: no answer \(unexpected redirect\)$/),
      expect.stringMatching(/^down .*: no answer \(.*\)$/),
    ]);
  });

  it('says in which subgraph a fault of the composition is', async () => {
    const wrong = `${reviews} extend type Query { x: Nothing }`;
    const { code, err } = await run([
      'compose',
      '--subgraph',
      `products=${file('products.graphql', products)}`,
      '--subgraph',
      `reviews=${file('wrong.graphql', wrong)}`,
    ]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/do not compose:\n {2}\[reviews\] Unknown type .?Nothing/),
    ]);
  });

  it('names what one composer accepts and Apollo refuses', async () => {
    const link = (imports: string) =>
      `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [${imports}])`;
    const media = file(
      'media.graphql',
      `${link('"@key"')} type Query { m: Media } interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }`,
    );
    const rating = file(
      'rating.graphql',
      `${link('"@key", "@interfaceObject"')} type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int } type Book @key(fields: "id") { id: ID! }`,
    );
    const { code, err } = await run([
      'compose',
      '--subgraph',
      `media=${media}`,
      '--subgraph',
      `rating=${rating}`,
    ]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/Apollo's composer refuses what another accepts:\n.*rating/),
    ]);
  });

  it.each([
    [['--subgraph', 'products'], /'products' is no name=source/],
    [['--subgraph', 'a=a.graphql', '--subgraph', 'a=b.graphql'], /names a twice/],
    [['--subgraph', 'a=a.graphql', '--url', 'b=http://b'], /names b, which no --subgraph names/],
  ])('refuses the command line %s', async (words, fault) => {
    const { code, err } = await run(['compose', ...words]);
    expect([code, err]).toEqual([2, expect.stringMatching(fault)]);
  });
});
