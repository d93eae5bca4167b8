import type { Attack } from '@signet/testing/attack';
import { loadFromSubgraphs } from '../load-from-subgraphs.ts';
import { accountAttacks } from './account-attacks.ts';
import { browserAttacks } from './browser-attacks.ts';
import { confusionAttacks } from './confusion-attacks.ts';
import { greedyAttacks } from './greedy-attacks.ts';
import { httpAttacks } from './http-attacks.ts';
import { platformAttacks } from './platform-attacks.ts';
import { prototypeAttacks } from './prototype-attacks.ts';
import { schemaAttacks } from './schema-attacks.ts';
import { sizeAttacks } from './size-attacks.ts';
import { subgraphAttacks } from './subgraph-attacks.ts';
import { tokenAttacks } from './token-attacks.ts';
import { upstreamAttacks } from './upstream-attacks.ts';

/**
 * Every attack: those on the platform, and those that the subgraphs of the registry bring along. What slows down sign-ins from
 * this address comes last.
 */
export async function loadAttacks(): Promise<readonly Attack[]> {
  const ofSubgraphs = await loadFromSubgraphs<readonly Attack[]>('attacks.ts', 'attacks');
  return [
    ...tokenAttacks,
    ...platformAttacks,
    ...subgraphAttacks,
    ...schemaAttacks,
    ...prototypeAttacks,
    ...browserAttacks,
    ...httpAttacks,
    ...sizeAttacks,
    ...greedyAttacks,
    ...ofSubgraphs.flat(),
    ...confusionAttacks,
    ...upstreamAttacks,
    ...accountAttacks,
  ];
}
