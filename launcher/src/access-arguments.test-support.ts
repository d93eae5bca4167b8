import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { platformCases } from './platform-cases.test-support.ts';

type Field = GraphQLField<unknown, unknown>;

/** An id that nothing has. */
export const unknownId = '0199c2f4-7a10-7000-8000-00000000dead';

/** Instead of made up values: without its optional input, logout would end the caller's session. */
const written: Readonly<Record<string, Record<string, unknown>>> = {
  'Mutation.logout': { input: { refreshToken: 'unknown' } },
  'Mutation.portalLogout': { input: { refreshToken: 'unknown' } },
  // Everybody has one session only.
  'Mutation.endOtherSessions': {},
  'Mutation.endOtherPortalSessions': {},
  'Mutation.refresh': { input: { refreshToken: 'unknown' } },
  'Mutation.portalRefresh': { input: { refreshToken: 'unknown' } },
  ...Object.assign({}, ...[...platformCases.values()].map((cases) => cases.arguments)),
};

/** The type of the object that a field of Query looks up by its argument `id`: `customer(id: ID!): User`. */
export function findLookedUpType(coordinate: string, { args, type }: Field): string | undefined {
  const found = getNamedType(type);
  const takesId = args.some((arg) => arg.name === 'id' && isRequiredArgument(arg));
  return coordinate.startsWith('Query.') && takesId && isObjectType(found) ? found.name : undefined;
}

/**
 * Arguments of the right types that change nothing: ids that nothing has, empty text; only what is required.
 *
 * @param objectId the object that a look-up field is asked for.
 * @throws {Error} for a mutation that would run without any argument: its subgraph's cases must say how to ask it.
 */
export function makeArguments(
  coordinate: string,
  field: Field,
  objectId: (type: string) => string,
): Record<string, unknown> {
  const known = written[coordinate];
  if (known) {
    return known;
  }
  const required = field.args.filter(isRequiredArgument);
  if (coordinate.startsWith('Mutation.') && required.length === 0) {
    throw new Error(
      `${coordinate} runs without arguments: write into src/platform-cases.test-support.ts of its subgraph how to ask it without changing anything`,
    );
  }
  const lookedUp = findLookedUpType(coordinate, field);
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
    JSONObject: {},
  };
  return samples['name' in type ? type.name : ''] ?? '';
}
