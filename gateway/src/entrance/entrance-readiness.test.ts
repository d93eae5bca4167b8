import { createHealth, createLogger } from '@signet/service';
import { noRevocations } from '@signet/session';
import { expect, test } from 'vitest';
import type { GatewayConfig } from '../config.ts';
import { createEntranceReadiness, type EntranceReadinessOptions } from './entrance-readiness.ts';
import { entrances } from './entrances.ts';

/** What an entrance says of itself, where all is well but for `options`. */
function read(kind: 'user' | 'portal' | 'graph', options: Partial<EntranceReadinessOptions> = {}) {
  const entrance = entrances.find(({ name }) => name === kind);
  if (!entrance) throw new Error(`there is no entrance ${kind}`);
  const checks = createEntranceReadiness(entrance, {
    config: { SUPERGRAPH_FILE: 'graph.graphql' } as GatewayConfig,
    issuersNow: () => [],
    revocations: noRevocations,
    planning: { findLack: () => undefined },
    mounted: () => ({ findProofLack: () => undefined, openCircuits: () => [] }),
    ...options,
  });
  const logger = createLogger('test', 'silent');
  return createHealth({ checks, logger, isStarted: () => true, isStopping: () => false }).readReadiness();
}

test('is ready where it has all that it needs', async () => {
  expect(await read('user')).toEqual({ status: 'ready', reasons: [] });
});

test('an entrance for staff alone is not ready once it would refuse all their tokens; others go on', async () => {
  const source = { ...noRevocations.source, state: () => 'stale' as const };
  const revocations = { ...noRevocations, source };
  expect(await read('portal', { revocations })).toEqual({
    status: 'not ready',
    reasons: [{ name: 'staff', reason: 'the revocations are too old to accept tokens of staff' }],
  });
  expect(await read('user', { revocations })).toMatchObject({ status: 'ready' });
  expect(await read('graph', { revocations })).toMatchObject({ status: 'ready' });
});

test('is degraded, and serves, without planning workers, with faulty files of keys, and with an open circuit', async () => {
  const lacks = {
    planning: { findLack: () => 'no planning worker is ready' },
    mounted: () => ({
      findProofLack: () => 'the files are not valid',
      openCircuits: () => [{ subgraph: 'reviews', origin: 'http://reviews:4001' }],
    }),
  };
  const { status, reasons } = await read('user', lacks);
  expect([status, reasons.map(({ name }) => name)]).toEqual([
    'degraded',
    ['planning', 'proof keys', 'subgraphs'],
  ]);
});
