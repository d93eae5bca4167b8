import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = `
import { createRequire } from 'node:module';
await import('@signet/gateway');
const { fetchJson } = await import('@signet/session/fetching');
await fetchJson('http://127.0.0.1:1/').catch(() => {});
const files = Object.keys(createRequire(import.meta.url).cache).filter((path) => /undici.(index\\.js|lib.web)/.test(path));
const builtIn = process.moduleLoadList.filter((name) => name.includes('deps/undici'));
console.log(JSON.stringify({ files, builtIn, isRead: process.moduleLoadList.some((name) => name.includes('_http_server')) }));
process.exit();`;

test('loads neither the fetch of Node nor all of undici', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
  });
  expect(JSON.parse(stdout)).toEqual({ files: [], builtIn: [], isRead: true });
});
