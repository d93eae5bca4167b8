import { interfaces, unions } from './abstract-types.ts';
import { caches, introspection } from './callers.ts';
import type { ConformanceCase } from './case.ts';
import { conditions } from './conditions.ts';
import { interfaceRules, renamedImports } from './earlier-graphs.ts';
import { entities, keys, requires } from './entities.ts';
import { authenticatedFields, scopeFields } from './fields.ts';
import { aliases, fragments } from './fragments.ts';
import { kindsOfCallers } from './kinds-of-callers.ts';
import { policyFields, tokens } from './policies.ts';
import { recentSignIns } from './recent-sign-ins.ts';
import { mutations, persistedOperations, subscriptions } from './requests.ts';
import { fetches, siblings } from './siblings.ts';
import { mergedRules, objectTypes } from './types.ts';

export type NumberedCase = ConformanceCase & { id: string; area: string };

const areas = [
  authenticatedFields,
  scopeFields,
  policyFields,
  tokens,
  objectTypes,
  interfaces,
  unions,
  mergedRules,
  fragments,
  aliases,
  conditions,
  siblings,
  fetches,
  entities,
  keys,
  requires,
  renamedImports,
  interfaceRules,
  introspection,
  caches,
  mutations,
  persistedOperations,
  subscriptions,
  recentSignIns,
  kindsOfCallers,
];

/** Every case, in the order of the table of results. Ids count through and stay as long as no case is put between. */
export const allCases: readonly NumberedCase[] = areas.flatMap(({ name, cases }) =>
  cases.map((one, index) => ({ ...one, area: name, id: `${slugOf(name)}-${index + 1}` })),
);

function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '');
}
