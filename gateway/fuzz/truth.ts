import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isScalarType,
  isSpecifiedScalarType,
  type ResponsePath,
} from 'graphql';
import type { Faults } from './faults.ts';
import { findField, type World } from './world.ts';
import { mutationRoot, type ObjectValue, queryRoot, type WorldData } from './world-data.ts';

export type Operation = {
  document: DocumentNode;
  variables: Record<string, unknown>;
  operationName?: string;
};

/** The right answer, and what comparing needs to know of it. Paths are joined by dots. */
export type Truth = {
  result: ExecutionResult;
  mutations: string[];
  /** The object types of abstract values. */
  typeAt: Map<string, string>;
  /** Values that may be any JSON. */
  anyAt: Set<string>;
};

/** Executes an operation by graphql-js on one schema that holds everything. */
export async function findTruth(
  schema: GraphQLSchema,
  world: World,
  data: WorldData,
  operation: Operation,
  faults: Faults,
): Promise<Truth> {
  const mutations: string[] = [];
  const typeAt = new Map<string, string>();
  const anyAt = new Set<string>();
  const result = await execute({
    schema,
    document: operation.document,
    variableValues: operation.variables,
    operationName: operation.operationName,
    fieldResolver: (
      source: ObjectValue | undefined,
      args,
      _,
      { parentType, fieldName, path, returnType },
    ) => {
      const isMutation = source === undefined && parentType.name === 'Mutation';
      const object = source ?? (isMutation ? mutationRoot : queryRoot);
      const field = findField(world, object.typename, fieldName);
      if (!field) throw new Error(`The world has no field ${object.typename}.${fieldName}.`);
      const leaf = getNamedType(returnType);
      if (isScalarType(leaf) && !isSpecifiedScalarType(leaf)) anyAt.add(keyOf(path));
      if (isMutation) mutations.push(`${fieldName} ${JSON.stringify(visible(field.args, args))}`);
      const value = faults.resolve(object, field, () =>
        data.valueOf(
          object,
          fieldName,
          args,
          isMutation && faults.tellsCallsApart ? `#${mutations.length}` : '',
        ),
      );
      if (isAbstractType(leaf)) noteTypes(value, keyOf(path), typeAt);
      return value;
    },
    typeResolver: ({ typename }: ObjectValue) => typename,
  });
  return { result: JSON.parse(JSON.stringify(result)), mutations, typeAt, anyAt };
}

function noteTypes(value: unknown, place: string, typeAt: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) noteTypes(item, `${place}.${index}`, typeAt);
  } else if (value !== null && !(value instanceof Error)) {
    typeAt.set(place, (value as ObjectValue).typename);
  }
}

/** Arguments that clients see. */
export function visible(
  declared: readonly { name: string; inaccessible?: boolean }[],
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const names = declared.filter(({ name, inaccessible }) => !inaccessible && Object.hasOwn(args, name));
  return Object.fromEntries(names.map(({ name }) => [name, args[name]]));
}

export function keyOf(path: ResponsePath | undefined): string {
  const keys: (string | number)[] = [];
  for (let current = path; current; current = current.prev) keys.unshift(current.key);
  return keys.join('.');
}
