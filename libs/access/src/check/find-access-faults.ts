import { readRuleBook } from '../rule-book.ts';
import { findDependencyFaults } from './dependency-faults.ts';
import { findImportFaults } from './import-faults.ts';
import {
  type AccessFault,
  type CheckedSubgraph,
  findCallerFaults,
  findMissingRules,
  findPlatformConflicts,
  findPolicyFaults,
  findRulesOnInterfaces,
  findUnruledEntities,
  findUnsaidCallers,
} from './rule-faults.ts';

/**
 * Finds every field without a rule, and every rule that could be bypassed. Without faults, each field that a client can reach has
 * a rule on itself or on its type.
 */
export function findAccessFaults(subgraphs: readonly CheckedSubgraph[]): AccessFault[] {
  const books = subgraphs.map((subgraph) => ({ ...subgraph, book: readRuleBook(subgraph.sdl) }));
  return [
    ...books.flatMap(findImportFaults),
    ...books.flatMap(findMissingRules),
    ...books.flatMap(findUnruledEntities),
    ...books.flatMap(findRulesOnInterfaces),
    ...books.flatMap(findPolicyFaults),
    ...books.flatMap(findCallerFaults),
    ...findPlatformConflicts(books),
    ...findUnsaidCallers(books),
    ...findDependencyFaults(books),
  ];
}
