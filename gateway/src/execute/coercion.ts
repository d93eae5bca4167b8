import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { fragmentsOf } from './fragments.ts';

export type Coerced =
  | { coerced: Record<string, unknown>; errors?: undefined }
  | { errors: readonly GraphQLError[]; coerced?: undefined };

/** Coerces the variables of a request. Errors are request errors: nothing of the operation may run then. */
export type Coercion = (variables: Readonly<Record<string, unknown>>) => Coerced;

/** Enough errors to fix a request. Each error is built with its place in the document and the value: fifty take 60 ms and more. */
const maxErrors = 3;

/**
 * Compiles the coercion of a valid operation's variables (GraphQL spec 6.1.2), with a check that the specification leaves to execution
 * (6.4.1): a variable that may be null, since it or its place has a default, must not be null at a place that takes no null.
 */
export function compileCoercion(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Coercion {
  const definitions = operation.variableDefinitions ?? [];
  if (definitions.length === 0) return () => ({ coerced: {} });
  const unnullable = findUnnullable(schema, document, operation);
  return (variables) => {
    const { errors, coerced } = getVariableValues(schema, definitions, variables, { maxErrors });
    if (errors) return { errors };
    const nulls = definitions.filter(
      ({ variable: { name } }) => coerced[name.value] === null && unnullable.has(name.value),
    );
    if (nulls.length === 0) return { coerced };
    return {
      errors: nulls.map((definition) => {
        const name = definition.variable.name.value;
        // Apollo Server and graphql-js know an error of a variable by these words and this node.
        const type = print(definition.type);
        return new GraphQLError(`Variable "$${name}" of non-null type "${type}!" must not be null.`, {
          nodes: definition,
          extensions: { code: 'BAD_USER_INPUT' },
        });
      }),
    };
  };
}

const kept = new WeakMap<OperationDefinitionNode, Coercion>();

/** The coercion of an operation, compiled once for each node. An operation belongs to one schema. */
export function coercionOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Coercion {
  let coercion = kept.get(operation);
  if (!coercion) {
    coercion = compileCoercion(schema, document, operation);
    kept.set(operation, coercion);
  }
  return coercion;
}

/** Finds the variables that may be null by their type and stand where no null may be. */
function findUnnullable(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<string> {
  const nullable = new Set(
    (operation.variableDefinitions ?? [])
      .filter(({ type }) => type.kind !== Kind.NON_NULL_TYPE)
      .map(({ variable }) => variable.name.value),
  );
  const found = new Set<string>();
  if (nullable.size === 0) return found;
  const typeInfo = new TypeInfo(schema);
  const look = visitWithTypeInfo(typeInfo, {
    VariableDefinition: () => false,
    Variable({ name }) {
      if (nullable.has(name.value) && isNonNullType(typeInfo.getInputType())) found.add(name.value);
    },
  });
  for (const definition of reachableFrom(document, operation)) visit(definition, look);
  return found;
}

function reachableFrom(document: DocumentNode, operation: OperationDefinitionNode) {
  const fragments = fragmentsOf(document);
  const reached = new Set<DocumentNode['definitions'][number]>([operation]);
  for (const definition of reached) {
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment) reached.add(fragment);
      },
    });
  }
  return reached;
}
