import { findAccessFaults, type PolicyTable } from '@signet/access';
import { ConfigError, type Logger } from '@signet/service';
import { type DocumentNode, type GraphQLSchema, graphqlSync, Kind, parse } from 'graphql';

/**
 * The SDL that composition reads: the answer to `{ _service { sdl } }`. Rules come from there, so that gateway and subgraph cannot
 * read two texts.
 *
 * @throws {ConfigError} where the schema is none of a federated subgraph.
 */
export function readServiceSdl(schema: GraphQLSchema): DocumentNode {
  let answer: ReturnType<typeof graphqlSync> | undefined;
  try {
    answer = graphqlSync({ schema, source: '{ _service { sdl } }', contextValue: {} });
  } catch {
    // A resolver that needs time is not the one of a library for subgraphs.
  }
  const sdl = (answer?.data?._service as { sdl?: unknown } | undefined)?.sdl;
  if (typeof sdl !== 'string') {
    throw new ConfigError([
      'schema: does not answer { _service { sdl } }; build it as a subgraph, for example by buildSubgraphSchema of @apollo/subgraph',
    ]);
  }
  return parse(sdl);
}

/** Faults under which a field is refused to callers who should have it. All others would let somebody in. */
const strictFaults = [
  /^has no access rule/,
  /^is an entity and has no access rule/,
  /^has an empty list of /,
  /^admits no caller/,
];

/**
 * Checks the rules of one subgraph, as `signet access` does those of a graph.
 *
 * @throws {ConfigError} with every rule that would not be enforced as it is written. What only refuses too much is logged.
 */
export function assertRules(
  { name, sdl, policies }: { name: string; sdl: DocumentNode; policies: PolicyTable<never> },
  logger: Logger,
): void {
  const federations = federationFields(sdl);
  const faults = findAccessFaults([{ name, sdl, policies: Object.keys(policies) }])
    .filter(({ coordinate }) => !federations.includes(coordinate))
    .map(({ coordinate, fault }) => ({ coordinate, fault }));
  const strict = [...strictFaults, ...(hasLinks(sdl) ? [] : [unlinked])];
  const isStrict = ({ fault }: { fault: string }) => strict.some((form) => form.test(fault));
  const open = faults.filter((fault) => !isStrict(fault));
  if (open.length > 0) {
    throw new ConfigError(open.map(({ coordinate, fault }) => `${coordinate}: ${fault}`));
  }
  const refused = faults.filter(({ fault }) => !unlinked.test(fault));
  if (refused.length > 0) {
    logger.warn(
      { fields: refused.map(({ coordinate }) => coordinate) },
      'these have no access rule, or one that nobody meets; DEFAULT_ACCESS decides about those without a rule',
    );
  }
}

/** Some libraries print these into the SDL. They need no rule: `_service` gives the SDL, and references are guarded behind `_entities`. */
function federationFields({ definitions }: DocumentNode): string[] {
  const roots = definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.operationTypes ?? []).filter(({ operation }) => operation === 'query')
      : [],
  );
  const query = roots[0]?.type.name.value ?? 'Query';
  return [`${query}._service`, `${query}._entities`, '_Service.sdl'];
}

/** In federation 1 there are no imports: each directive has its own name. */
const unlinked = /^uses @(?!\w*__)\w+ without importing it$/;

function hasLinks({ definitions }: DocumentNode): boolean {
  return definitions.some(
    (node) =>
      (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) &&
      node.directives?.some((directive) => directive.arguments?.some(({ name }) => name.value === 'url')),
  );
}
