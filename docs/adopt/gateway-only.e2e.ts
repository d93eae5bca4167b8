import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createStrangersProject,
  findFreePort,
  type StrangersProject,
  waitUntilListening,
} from '../../packages/packed.test-support.ts';

/*
 * Runs the blocks of gateway-only.md in another team's project.
 */

const page = readFileSync(join(import.meta.dirname, 'gateway-only.md'), 'utf8');
/** The blocks of the page's list, without their indentation. */
const [install = '', settings = '', start = ''] = [...page.matchAll(/^ +```\w+\n([\s\S]*?)^ +```$/gm)].map(
  ([, text = '']) => text.replace(/^ {3}/gm, ''),
);

/** The team's subgraph, which knows nothing of Signet. */
const products = `
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { buildSchema, graphql } from 'graphql';
const schema = buildSchema('type Query { products: [Product!]! } type Product { id: ID! name: String! }');
const rootValue = { products: [{ id: '1', name: 'Chair' }] };
createServer(async (req, res) => {
  const { query, variables } = JSON.parse(await text(req));
  const answer = await graphql({ schema, rootValue, source: query, variableValues: variables });
  res.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
}).listen(4001, '127.0.0.1');
`;
const sdl = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
type Query { products: [Product!]! }
type Product @key(fields: "id") { id: ID! name: String! }
`;

let project: StrangersProject;
beforeAll(async () => {
  expect(install).toMatch(/^npm install @signet\/gateway graphql@16\nnpm install --save-dev @signet\/cli\n/);
  project = await createStrangersProject({
    packages: ['gateway', 'cli'],
    dependencies: ['graphql@16.15.0'],
    files: { 'products.graphql': sdl },
  });
}, 300_000);
afterAll(() => project?.remove());

test('a subgraph as it is, composed and served by the commands of the page', async () => {
  const subgraph = new URL(await project.serve('products.mjs', products, 4001));
  const port = await findFreePort();
  const compose =
    /^npx signet (compose .*)$/m.exec(install)?.[1] ?? expect.fail('The page composes nothing.');
  await project.node(
    'node_modules/.bin/signet',
    ...compose.replace('127.0.0.1:4001', subgraph.host).split(' '),
  );
  writeFileSync(join(project.folder, 'signet.yaml'), settings.replace('4000', String(port)));
  const words = /^npx signet-gateway (.*)$/m.exec(start)?.[1] ?? expect.fail('The page starts nothing.');
  const gateway = project.start(['node_modules/.bin/signet-gateway', ...words.split(' ')]);
  await waitUntilListening(gateway, port);
  const answer = await fetch(`http://localhost:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ products { id name } }' }),
  });
  expect(await answer.json()).toEqual({ data: { products: [{ id: '1', name: 'Chair' }] } });
  expect(
    await (await fetch(`http://localhost:${port}/`, { headers: { accept: 'text/html' } })).text(),
  ).toContain('<html');
});
