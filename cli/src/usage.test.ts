import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run as runCommand } from './run-command.test-support.ts';

const usage = [
  { entrance: 'graph', coordinate: 'User.email', client: 'app', version: '2.1', count: 40 },
  { entrance: 'user', coordinate: 'User.email', client: '', version: '', count: 3 },
  { entrance: 'graph', coordinate: 'Query.me', client: 'app', version: '2.1', count: 40 },
];
let folder: string;
let schema: string;
let server: Server;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-usage-'));
  schema = join(folder, 'supergraph.graphql');
  writeFileSync(
    schema,
    `type Query { me: User everybody: [User] secret: String @inaccessible }
     type User { id: ID! email: String @deprecated(reason: "Use contact.") }
     type Hidden @inaccessible { field: String }`,
  );
  server = createServer((_req, res) => void res.end(JSON.stringify({ usage }))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/usage`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function run(...words: string[]) {
  const { code, out, err } = await runCommand(['usage', ...words, '--url', url, '--supergraph', schema]);
  return { code, output: out.trimEnd(), errors: err };
}

test('shows who asks for a field, and marks one that is deprecated', async () => {
  const { code, output } = await run('User.email');
  expect(code).toBe(0);
  expect(output.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['field', 'client', 'version', 'entrance', 'requests', 'last'],
    ['User.email', 'app', '2.1', 'graph', '40', 'deprecated: Use contact.'],
    ['User.email', '(no name)', 'user', '3', 'deprecated: Use contact.'],
  ]);
});

test('limits it to a client or an entrance, and gives JSON', async () => {
  const ofApp = await run('--client', 'app', '--json');
  expect(JSON.parse(ofApp.output).map(({ coordinate }: { coordinate: string }) => coordinate)).toEqual([
    'Query.me',
    'User.email',
  ]);
  expect(JSON.parse((await run('--entrance', 'user', '--json')).output)).toHaveLength(1);
});

test('lists what nobody asks for: fields that clients can see', async () => {
  expect((await run('--unused')).output.split('\n')).toEqual(['Query.everybody', 'User.id']);
});

test('says that more may belong to a field or a client, where not all could be told apart', async () => {
  const overflow = { entrance: 'user', client: 'other', version: '', count: 9 };
  usage.push({ ...overflow, coordinate: 'other' });
  const ofField = await run('User.id');
  usage.splice(-1, 1, { ...overflow, coordinate: 'User.id' });
  const ofClient = await run('--client', 'shy');
  usage.pop();
  for (const { output, errors } of [ofField, ofClient]) {
    expect(output).toBe('Nobody asked for it.');
    expect(errors).toMatch(/More was asked for than could be told apart/);
  }
  expect((await run('User.id')).errors).toBe('');
});

test.each([
  [['email'], 2, /User\.email/],
  [['--since', 'yesterday'], 2, /30d/],
  [['--unused', '--client', 'app'], 2, /--unused/],
  [['User.nothing'], 0, /no field User\.nothing/],
])('says what is wrong with %j', async (words, code, text) => {
  const result = await run(...words);
  expect([result.code, result.errors]).toEqual([code, expect.stringMatching(text)]);
});
