import type { ReadinessCheck } from '@signet/service';
import { keyReadiness, type ProcessRevocations, type TrustedIssuer } from '@signet/session';
import type { GatewayConfig } from '../config.ts';
import type { PlanningPool } from '../planning/planning-pool.ts';
import { createSubgraphReadiness } from '../subgraphs/subgraph-readiness.ts';
import type { EntranceGraph } from './entrance-graph.ts';
import type { Entrance } from './entrances.ts';

export type EntranceReadinessOptions = {
  config: GatewayConfig;
  /** Those of the platforms that the entrance admits, as they are at the time. */
  issuersNow(): readonly TrustedIssuer[];
  revocations: ProcessRevocations;
  planning: Pick<PlanningPool, 'findLack'>;
  /** What answers operations, once it is there. */
  mounted(): Pick<EntranceGraph, 'findProofLack' | 'openCircuits'> | undefined;
};

/** What an entrance needs: keys and revocations to serve at all, the rest to serve everything. */
export function createEntranceReadiness(
  entrance: Entrance,
  { config, issuersNow, revocations, planning, mounted }: EntranceReadinessOptions,
): readonly ReadinessCheck[] {
  const own = issuersNow().filter(({ foreign }) => foreign === undefined);
  return [
    keyCheck(issuersNow),
    ...revocations.readiness,
    staffCheck(entrance, revocations),
    { name: 'planning', check: () => undefined, findLack: planning.findLack },
    { name: 'proof keys', check: () => undefined, findLack: () => mounted()?.findProofLack() },
    ...createSubgraphReadiness(
      config,
      own.map(({ platform }) => platform),
      () => mounted()?.openCircuits() ?? [],
    ),
  ];
}

/** Whether the keys of each issuer can be read, of those that are configured at the time. */
function keyCheck(issuersNow: () => readonly TrustedIssuer[]): ReadinessCheck {
  return {
    name: 'keys',
    async check() {
      const found = await Promise.all(
        keyReadiness(issuersNow()).map(async ({ name, check }) => {
          const reason = await check();
          return reason && `${name}: ${reason}`;
        }),
      );
      return found.filter(Boolean).join('; ') || undefined;
    },
  };
}

/** Where the revocations are too old, every token of staff is refused. An entrance that admits no others can't serve then. */
function staffCheck({ platforms }: Entrance, { source }: ProcessRevocations): ReadinessCheck {
  const isForStaff = platforms.length > 0 && platforms.every((platform) => platform === 'portal');
  return {
    name: 'staff',
    check: () =>
      isForStaff && source.state() === 'stale'
        ? 'the revocations are too old to accept tokens of staff'
        : undefined,
  };
}
