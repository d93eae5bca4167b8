import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const pretend = (version: string) =>
  `--import=data:text/javascript,${encodeURIComponent(`Object.defineProperty(process.versions, 'node', { value: '${version}' })`)}`;
const run = (file: string, version: string, ...args: string[]) =>
  spawnSync(process.execPath, [pretend(version), join(import.meta.dirname, file), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });

it.each([
  ['gateway/signet-gateway.mjs', 'signet-gateway'],
  ['gateway/signet-signer.mjs', 'signet-signer'],
  ['cli/signet.mjs', 'signet'],
])('%s says which Node it needs, on an older one', (file, command) => {
  for (const version of ['20.20.2', '24.11.9']) {
    const { status, stdout, stderr } = run(file, version);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`${command} needs Node 24.12 or later, and this is Node ${version}.\n`);
  }
});

it.each(['24.12.0', '25.0.0'])('on Node %s the command runs', (version) => {
  expect(run('cli/signet.mjs', version, '--help')).toMatchObject({ status: 0, stderr: '' });
});

it.each(['cli', 'gateway'])('the manifest of %s asks for the same', (name) => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, name, 'package.json'), 'utf8'));
  expect(engines).toEqual({ node: '>=24.12' });
});
