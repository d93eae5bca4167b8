import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@signet/service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway } from '../start.ts';
import { composeForeignGraph } from '../supergraph/foreign-graph.test-support.ts';
import { loadSettings } from './load-settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-whole-'));
  const urls = { 'Product-Catalog': 'http://catalog.invalid/', reviews_v2: 'http://reviews.invalid/' };
  await writeFile(join(folder, 'their.graphql'), composeForeignGraph(urls));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const base = 'supergraph: their.graphql\nproof: off\naccess: off\n';
const shop = 'shop: { port: 0 }';
const desk = 'desk: { port: 0, trustedDocuments: enforce, trustedDocumentsFiles: [none] }';
const gone = 'gone: { port: 0, supergraph: gone.graphql }';

async function write(...entrances: string[]): Promise<string> {
  const path = join(folder, 'signet.yaml');
  await writeFile(path, `${base}entrances:\n${entrances.map((one) => `  ${one}\n`).join('')}`);
  return path;
}

it('no port is opened where one entrance cannot be served, and the faults of all are told', async () => {
  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => lines.push(line) });
  const config = loadSettings({}, await write(shop, desk, gone));
  await expect(startGateway(config, logger)).rejects.toMatchObject({
    faults: [
      expect.stringContaining('DESK_TRUSTED_DOCUMENTS_FILES'),
      expect.stringContaining('gone.graphql'),
    ],
  });
  expect(lines.join('')).not.toContain('listening');
});

const check = (path: string) =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../../main.mjs'), '--config', path, '--check'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });

it('--check looks at all that the settings name, and listens nowhere', async () => {
  expect(check(await write(shop))).toMatchObject({ status: 0, stdout: 'The settings are valid.\n' });
  const bad = check(await write(shop, desk, gone));
  expect(bad.status).toBe(1);
  expect(bad.stdout).not.toContain('valid.');
  expect(`${bad.stdout}${bad.stderr}`).toMatch(/DESK_TRUSTED_DOCUMENTS_FILES[\s\S]*gone\.graphql/);
});
