import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type ConstDirectiveNode, type DocumentNode, type GraphQLSchema, Kind, parse, visit } from 'graphql';
import { renameForPlanning } from '../execute/planned-document.ts';
import { numberKeys, prefixFor } from '../execute/response-names.ts';
import { loadCorrectedPlanner } from './corrected-planner.ts';
import { refuseExternalFields } from './external-fields.ts';
import { joinPlans, splitMutation } from './mutation-parts.ts';
import { separateRequiredArguments } from './required-arguments.ts';

export type PlanBuilderOptions = {
  /** The supergraph without federation's access rules, as @apollo/gateway takes it. */
  supergraphSdl: string;
  /** Whether operations are planned with names that planning does not use itself, and the planner's known faults are corrected. */
  renames: boolean;
  /** Limits of the planner: the plans of one operation that are compared, and the ways to a field. Without them: its own. */
  limits?: { maxEvaluatedPlans: number; pathsLimit: number };
};

export type PlanBuilder = {
  /** What clients see. */
  schema: GraphQLSchema;
  /** Plans an operation that is valid for `schema`. @throws {Error} what the planner throws */
  build(document: DocumentNode, operationName: string | undefined): QueryPlan;
};

/** Builds Apollo's query planner for a supergraph. */
export function createPlanBuilder(options: PlanBuilderOptions): PlanBuilder {
  const { supergraphSdl, renames, limits } = options;
  const config = {
    // Fragments that are used again are searched for, compared and sometimes wrong: renamed operations are planned without.
    reuseQueryFragments: !renames,
    ...(limits && { debug: limits }),
  };
  const prepare = (document: DocumentNode | string) => {
    const supergraph = Supergraph.build(document, { validateSupergraph: false });
    return { supergraph, api: supergraph.apiSchema() };
  };
  const Planner = renames ? loadCorrectedPlanner() : QueryPlanner;
  const plannerOf = ({ supergraph, api }: ReturnType<typeof prepare>) => {
    const planner = new Planner(supergraph, config);
    return (document: DocumentNode, operationName: string | undefined) =>
      planner.buildQueryPlan(operationFromDocument(api, document, operationName ? { operationName } : {}));
  };
  if (!renames) {
    const asGiven = prepare(supergraphSdl);
    return { schema: asGiven.api.toGraphQLJSSchema(), build: plannerOf(asGiven) };
  }
  refuseExternalFields();
  const prefix = prefixFor(supergraphSdl);
  const document = putResolvableKeysFirst(parse(supergraphSdl, { noLocation: true }));
  const separated = separateRequiredArguments(document, prefix);
  const prepared = prepare(document);
  const schema = prepared.api.toGraphQLJSSchema();
  const plan = plannerOf(separated ? prepare(separated.supergraph) : prepared);
  return {
    schema,
    build(asked, operationName) {
      const numberOf = numberKeys(asked);
      const parts = splitMutation(asked, operationName).map((part) => {
        const built = plan(renameForPlanning(part, schema, prefix, numberOf), operationName);
        return separated ? separated.restore(built) : built;
      });
      return joinPlans(parts);
    },
  };
}

/**
 * Of the keys by which an entity goes back to a subgraph, for a field with `@requires`, the planner takes the first, whether the
 * subgraph resolves it or not.
 */
function putResolvableKeysFirst(supergraph: DocumentNode): DocumentNode {
  const sort = (directives: readonly ConstDirectiveNode[] = []) => [
    ...directives.filter((directive) => !isUnresolvable(directive)),
    ...directives.filter(isUnresolvable),
  ];
  return visit(supergraph, {
    ObjectTypeDefinition: (node) => ({ ...node, directives: sort(node.directives) }),
    InterfaceTypeDefinition: (node) => ({ ...node, directives: sort(node.directives) }),
  });
}

function isUnresolvable({ name, arguments: args = [] }: ConstDirectiveNode): boolean {
  return (
    name.value === 'join__type' &&
    args.some(
      (argument) =>
        argument.name.value === 'resolvable' && argument.value.kind === Kind.BOOLEAN && !argument.value.value,
    )
  );
}
