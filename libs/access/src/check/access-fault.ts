import type { DocumentNode } from 'graphql';
import type { RuleBook } from '../rule-book.ts';

/** A subgraph as the check sees it: its whole SDL, and the names of the functions in its policies.ts. */
export type CheckedSubgraph = { name: string; sdl: DocumentNode; policies: readonly string[] };

/** With the rules that its SDL holds. */
export type ReadSubgraph = CheckedSubgraph & { book: RuleBook };

/** What is wrong, and at which coordinate (`Query.naked`). */
export type AccessFault = { coordinate: string; subgraph: string; fault: string };
