import type { ConformanceCase } from './case.ts';
import { authenticatedFields, policyFields, scopeFields, tokens } from './directives.ts';
import { entities, interfaceRules, keys, renamedImports, requires } from './federation.ts';
import { aliases, conditions, fetches, fragments, siblings } from './operations.ts';
import { caches, introspection, mutations, persistedOperations, subscriptions } from './requests.ts';
import { interfaces, mergedRules, objectTypes, unions } from './types.ts';

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
