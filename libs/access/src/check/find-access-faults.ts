import type { DocumentNode } from 'graphql';
import { readRuleBook } from '../rule-book.ts';
import { findDependencyFaults } from './dependency-faults.ts';
import { findImportFaults } from './import-faults.ts';
import { findMissingRules, findRulesOnInterfaces, findUnruledEntities } from './missing-rules.ts';
import { findPlatformConflicts } from './platform-conflicts.ts';
import { findPolicyFaults } from './policy-faults.ts';

/** A subgraph as the check sees it: its whole SDL, and the names of the functions in its policies.ts. */
export type CheckedSubgraph = { name: string; sdl: DocumentNode; policies: readonly string[] };

/** What is wrong, and at which coordinate (`Query.naked`). */
export type AccessFault = { coordinate: string; subgraph: string; fault: string };

/**
 * Finds everything for which nobody decided who may have it, and every rule that could be passed by. No faults: each field
 * that a client can reach has a rule on itself or on its type.
 */
export function findAccessFaults(subgraphs: readonly CheckedSubgraph[]): AccessFault[] {
  const books = subgraphs.map((subgraph) => ({ ...subgraph, book: readRuleBook(subgraph.sdl) }));
  return [
    ...books.flatMap(findImportFaults),
    ...books.flatMap(findMissingRules),
    ...books.flatMap(findUnruledEntities),
    ...books.flatMap(findRulesOnInterfaces),
    ...books.flatMap(findPolicyFaults),
    ...findPlatformConflicts(books),
    ...findDependencyFaults(books),
  ];
}
