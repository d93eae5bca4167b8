import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayAdapter } from './gateways/gateway.ts';
import { createSignetAdapter } from './gateways/signet.ts';
import { findFreePort, startGatewayProcess } from './gateways/start-gateway.ts';
import { supergraphs } from './graph/supergraphs.generated.ts';
import { serveGuardedSubgraphs } from './guarded-subgraphs.test-support.ts';
import { runAtUrl } from './run-at-url.ts';
import { runConformance } from './run-conformance.ts';

const main = join(import.meta.dirname, '../../bin/signet.mjs');
const started = new Set<() => Promise<void>>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-conformance-'));
});
afterAll(async () => {
  await Promise.all([...started].map((stop) => stop()));
  await rm(folder, { recursive: true, force: true });
});

async function runCommand(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [main, 'conformance', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: output + errors };
}

/** Our gateway with one variable changed. */
function signetWith(env: Record<string, string>): GatewayAdapter {
  const adapter = createSignetAdapter();
  return {
    ...adapter,
    process: (setting) => {
      const process = adapter.process(setting);
      return { ...process, env: { ...process.env, ...env } };
    },
  };
}

describe('signet conformance --gateway signet', () => {
  it('passes every case but subscriptions, which the gateway does not serve', async () => {
    const { code, output } = await runCommand('--gateway', 'signet', '--json');
    const { counts, results } = JSON.parse(output);
    const failed = results.filter(
      ({ verdict }: { verdict: string }) => verdict === 'leak' || verdict === 'wrong',
    );
    expect(failed).toEqual([]);
    const absent = results.filter(({ verdict }: { verdict: string }) => verdict === 'not supported');
    expect(new Set(absent.map(({ area }: { area: string }) => area))).toEqual(
      new Set(['subscriptions', '@recentAuth']),
    );
    expect(absent[0].because).toContain('Subscriptions are not served here.');
    expect(counts.pass).toBeGreaterThanOrEqual(295);
    expect(code).toBe(0);
  });

  it.each([
    ['without its rules', { ACCESS: 'off' }, '@requiresScopes on fields', 13],
    ['without its rules', { ACCESS: 'off' }, '@recentAuth', 20],
    ['without its rules', { ACCESS: 'off' }, '@callers', 12],
    ['with policies left to subgraphs that have none', { POLICIES: 'subgraphs' }, '@policy', 6],
  ])('%s, a gateway fails', async (_title, env, area, least) => {
    const results = await runConformance(signetWith(env), area);
    expect(results.filter(({ verdict }) => verdict === 'leak').length).toBeGreaterThanOrEqual(least);
  });

  it('behind a gateway without rules, the guards of subgraphs enforce @recentAuth', async () => {
    const adapter = signetWith({ ACCESS: 'off' });
    const results = await runConformance(adapter, '@recentAuth', serveGuardedSubgraphs);
    const failed = results
      .filter(({ verdict }) => verdict === 'leak' || verdict === 'wrong')
      // Each knows the rule in its own SDL alone, so the one that is asked may be the weaker one: the access matrix lists such fields.
      .filter(({ title }) => title !== 'of the rules of two subgraphs the smaller number decides');
    expect(failed).toEqual([]);
    expect(results.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThanOrEqual(40);
  });

  it('prints a table, and the sentence beside what failed', async () => {
    const { code, output } = await runCommand('--gateway', 'signet', '--only', 'tokens');
    expect(output).toMatch(/tokens +9 +- +- +-/);
    expect(code).toBe(0);
    expect(await runCommand()).toEqual({ code: 2, output: expect.stringContaining('--gateway or --url') });
    const nothing = await runCommand('--gateway', 'signet', '--only', 'no such case');
    expect(nothing).toEqual({ code: 2, output: expect.stringContaining('no such case') });
  });

  it('a gateway that is not installed is not supported, with the reason', async () => {
    const { code, output } = await runCommand('--gateway', 'hive', '--peers', folder, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(output).counts).toMatchObject({ pass: 0, leak: 0, wrong: 0 });
    expect(output).toContain('@graphql-hive/gateway');
  });
});

it('signet conformance --url says what a gateway needs, waits for it, and asks it', async () => {
  const port = await findFreePort();
  let saidAll = (_line: string) => {};
  const said = new Promise<string>((resolve) => {
    saidAll = resolve;
  });
  const running = runAtUrl({
    url: `http://127.0.0.1:${port}/graphql`,
    graph: 'renamed',
    firstPort: await findFreePort(),
    folder,
    waitSeconds: 60,
    print: saidAll,
  });
  const line = await said;
  const read = (name: string) => new RegExp(`^ +${name} +(\\S+)`, 'm').exec(line)?.[1] ?? '';
  expect(supergraphs.renamed).toContain('@signedInOnly');
  const gateway = await startGatewayProcess(createSignetAdapter(), {
    graph: 'renamed',
    port,
    folder,
    supergraphFile: read('supergraph'),
    subgraphs: {},
    issuer: {
      issuer: read('issuer'),
      audience: read('audience'),
      algorithm: 'RS256',
      jwksUrl: read('keys'),
      jwks: { keys: [] },
    },
    jwksFile: join(folder, 'jwks.json'),
  });
  started.add(gateway.stop);
  const results = await running;
  expect(results.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 9 }, () => 'pass'));
});
