import { type DocumentNode, GraphQLError, parse } from 'graphql';
import { findSharedPublicTypes } from '../public-types.ts';
import { type DefaultAccess, type RuleBook, readRuleBook, withDefaultAccess } from '../rule-book.ts';
import { type AccessGraph, findReachableTypes, readAccessGraph } from './access-graph.ts';
import { normalizeRuleNames, type SupergraphFault } from './rule-names.ts';
import { findRuleWeaknesses } from './rule-weaknesses.ts';
import { findStructureFaults } from './structure-faults.ts';

/** A supergraph whose rules can be read. */
export type ReadSupergraph = {
  /** The rules have their own names. */
  document: DocumentNode;
  graph: AccessGraph;
  /** What is wrong with its rules. */
  weaknesses: readonly SupergraphFault[];
};

/** A supergraph whose rules cannot be read. It has all faults that were found. */
export class UnreadableSupergraph extends Error {
  override readonly name = 'UnreadableSupergraph';
  readonly faults: readonly SupergraphFault[];
  constructor(faults: readonly SupergraphFault[]) {
    super(faults.map(({ coordinate, fault }) => `${coordinate}: ${fault}`).join('\n'));
    this.faults = faults;
  }
}

/**
 * Reads the rules of any composed supergraph: Apollo's `@authenticated`, `@requiresScopes` and `@policy`, under the names that its
 * links give them, and `@platform` and `@public` of this platform.
 *
 * @param text GraphQL, with or without rules
 * @param defaultAccess who may have a field without a rule
 * @throws {UnreadableSupergraph} for what is no GraphQL, no supergraph, or not known here
 */
export function readSupergraph(text: string, defaultAccess: DefaultAccess): ReadSupergraph {
  const composed = parseText(text);
  const faults = findStructureFaults(composed);
  if (faults.length > 0) throw new UnreadableSupergraph(faults);
  const document = normalizeRuleNames(composed);
  const book = withDefaultAccess(readRuleBook(document), defaultAccess);
  const graph = readAccessGraph(document, book);
  const weaknesses = [...describeSharedPublicTypes(document, book, graph), ...findRuleWeaknesses(graph)];
  return { document, graph, weaknesses };
}

/** `@public` that opens nothing, since the supergraph does not say whose fields it is for. Beside another rule it means nothing anyway. */
function describeSharedPublicTypes(
  document: DocumentNode,
  book: RuleBook,
  graph: AccessGraph,
): SupergraphFault[] {
  const reachable = findReachableTypes(graph);
  return findSharedPublicTypes(document)
    .filter(({ type }) => reachable.has(type) && graph.types.has(type) && !book.get(type)?.hasRule)
    .map(({ type, graphs, line }) => {
      const whose =
        graphs.length > 0 ? `several subgraphs have (${graphs.join(', ')})` : 'is of no named subgraph';
      const fault = `has @public on the type, which ${whose}: it opens no field, since it could open those of others. Put @public on the fields, or compose with signet compose, which does so`;
      return { line, coordinate: type, fault };
    });
}

function parseText(text: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const line = error.locations?.[0]?.line;
    throw new UnreadableSupergraph([
      { line, coordinate: 'schema', fault: `is no GraphQL: ${error.message}` },
    ]);
  }
}
