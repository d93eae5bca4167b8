import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const run = (env: Record<string, string>, ...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'gateway/signet-gateway.mjs'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
  });

it.each([[], ['--check']])(
  'signet-gateway %s asks which supergraph, and names no variable of a platform',
  (...args) => {
    const { status, stdout, stderr } = run({}, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /signet-gateway --supergraph supergraph\.graphql --config signet\.yaml\n[\s\S]*--help/,
    );
    expect(stderr).not.toMatch(/[A-Z]+_[A-Z]+/);
  },
);

it('signet-gateway with SUPERGRAPH_FILE alone reads it', () => {
  const { status, stdout, stderr } = run({ SUPERGRAPH_FILE: '/absent.graphql' }, '--check');
  expect(status).toBe(1);
  expect(stdout + stderr).toMatch(/PROOF_PEERS_FILE|absent\.graphql/);
});
