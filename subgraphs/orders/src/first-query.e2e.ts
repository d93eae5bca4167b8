import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../../../launcher/src/platform.test-support.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform?.stop());

test('the first queries of the README work when they are pasted into a shell', async () => {
  const section = readme.slice(readme.indexOf('## A first query'));
  const blocks = [...section.matchAll(/```sh\n([\s\S]+?)```/g)].map(([, text = '']) => text);
  const pasted = blocks.slice(0, 2).join('\n');
  const script = pasted.replaceAll('localhost:4000', new URL(platform.urlOf('graph')).host);
  expect(script).not.toBe(pasted);

  const { stdout } = await promisify(execFile)('sh', ['-c', script]);

  const [first = '', second = ''] = stdout.trim().split(/(?<=\})\s*(?=\{"data")/);
  expect(JSON.parse(first).data.me.fullName).toBe('Ada Example');
  const { data, errors } = JSON.parse(second);
  expect(errors).toBeUndefined();
  expect(data.me.email).toBe('ada@example.com');
  expect(data.me.orders.edges[0].node.items[0].product.name).toEqual(expect.any(String));
});
