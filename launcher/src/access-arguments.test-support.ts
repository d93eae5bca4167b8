import {
  type GraphQLArgument,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { unknownId } from './access-callers.test-support.ts';

/** Entity type whose id an `id` argument of a root field takes. */
const objectOfField: Readonly<Record<string, string>> = {
  'Query.order': 'Order',
  'Query.customer': 'User',
  'Query.product': 'Product',
};

/** Instead of what is made up: left out, as optional, the input of logout would end the caller's session. */
const written: Readonly<Record<string, Record<string, unknown>>> = {
  'Mutation.logout': { input: { refreshToken: 'unknown' } },
  'Mutation.portalLogout': { input: { refreshToken: 'unknown' } },
  // Everybody has one session only.
  'Mutation.endOtherSessions': {},
  'Mutation.endOtherPortalSessions': {},
  'Mutation.refresh': { input: { refreshToken: 'unknown' } },
  'Mutation.portalRefresh': { input: { refreshToken: 'unknown' } },
};

/** The entity type that a root field looks up by an argument `id`. */
export function findLookedUpType(coordinate: string): string | undefined {
  return objectOfField[coordinate];
}

/**
 * Arguments of the right types that change nothing: ids that nothing has, empty text; only what is required.
 *
 * @param objectId what a look-up field is asked for.
 * @throws {Error} for a mutation that would run without any argument, for which somebody must say how to ask it.
 */
export function makeArguments(
  coordinate: string,
  args: readonly GraphQLArgument[],
  objectId: (type: string) => string,
): Record<string, unknown> {
  const known = written[coordinate];
  if (known) {
    return known;
  }
  const required = args.filter(isRequiredArgument);
  if (coordinate.startsWith('Mutation.') && required.length === 0) {
    throw new Error(
      `${coordinate} runs without arguments: write down how to ask it without changing anything`,
    );
  }
  const lookedUp = findLookedUpType(coordinate);
  return Object.fromEntries(
    required.map(({ name, type }) => [
      name,
      name === 'id' && lookedUp ? objectId(lookedUp) : makeValue(type),
    ]),
  );
}

function makeValue(input: GraphQLInputType): unknown {
  const type = getNullableType(input);
  if (isListType(type)) {
    return [makeValue(type.ofType)];
  }
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return Object.fromEntries(required.map((field) => [field.name, makeValue(field.type)]));
  }
  if (isEnumType(type)) {
    return type.getValues()[0]?.name;
  }
  const samples: Record<string, unknown> = {
    ID: unknownId,
    Int: 1,
    Float: 1,
    Boolean: false,
    DateTime: '2026-01-01T00:00:00.000Z',
  };
  return samples['name' in type ? type.name : ''] ?? '';
}
