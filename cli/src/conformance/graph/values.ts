import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
} from 'graphql';

/** Whole numbers that stand nowhere else in an answer. */
const numbers: Readonly<Record<string, number>> = {
  'PublicBlog.views': 4_240_101,
  'Machine.price': 4_240_102,
  'Machine.weight': 4_240_103,
};

/** What a representation must bring along, as `@requires` says. */
const required: Readonly<Record<string, readonly string[]>> = {
  'Machine.parcel': ['weight'],
  'Machine.shipping': ['price', 'weight'],
  'Machine.insured': ['price'],
  'Person.report': ['email'],
};

export type Instance = { __typename: string; id: string; [field: string]: unknown };

/**
 * The text by which the value of a field is known wherever it turns up: each leaf's value names its own coordinate. Undefined for
 * fields of composite types, whose values are those of their fields.
 */
export function markerOf(schema: GraphQLSchema, coordinate: string): string | undefined {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  const field = type && 'getFields' in type ? type.getFields()[fieldName] : undefined;
  if (!field || !('args' in field) || isCompositeType(namedOf(field.type))) return undefined;
  return String(leafValue(typeName, fieldName, namedOf(field.type), undefined));
}

/**
 * The resolver of every field, of the subgraphs and of the one schema that says what a right answer is.
 *
 * @param decide is called with each coordinate, for what counts it; throws to refuse the value.
 */
export function createValueResolver(
  decide: (coordinate: string, source: Instance | undefined) => void,
): GraphQLFieldResolver<Instance | undefined, unknown> {
  return (source, _args, _context, info) => {
    const coordinate = `${info.parentType.name}.${info.fieldName}`;
    decide(coordinate, source);
    return createValue(info.schema, info.parentType.name, info.fieldName, info.returnType, source);
  };
}

/** For the subgraphs alone: a representation lacks what the field needs. */
export function missingIn(coordinate: string, representation: Instance | undefined): string[] {
  return (required[coordinate] ?? []).filter((name) => representation?.[name] === undefined);
}

function createValue(
  schema: GraphQLSchema,
  typeName: string,
  fieldName: string,
  returnType: GraphQLOutputType,
  source: Instance | undefined,
): unknown {
  const type = getNullableType(returnType);
  const inner = namedOf(type);
  if (!isCompositeType(inner)) {
    const value = leafValue(typeName, fieldName, inner, source);
    return isListType(type) ? [value] : value;
  }
  const names = isAbstractType(inner)
    ? schema.getPossibleTypes(inner).map(({ name }) => name)
    : [inner.name, inner.name];
  const instances = names
    .sort()
    .map((name, index) => createInstance(name, isAbstractType(inner) ? 1 : index + 1));
  return isListType(type) ? instances : instances[0];
}

export function createInstance(typeName: string, number = 1): Instance {
  return { __typename: typeName, id: `id of ${typeName} ${number}` };
}

function leafValue(
  typeName: string,
  fieldName: string,
  type: ReturnType<typeof namedOf>,
  source: Instance | undefined,
): unknown {
  const coordinate = `${typeName}.${fieldName}`;
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (type.name === 'ID') return source?.id ?? `id of ${typeName}`;
  if (type.name === 'Int') return numbers[coordinate];
  if (type.name === 'Boolean') return true;
  return `value of ${coordinate}`;
}

function namedOf(type: GraphQLOutputType): Exclude<ReturnType<typeof unwrap>, undefined> {
  return unwrap(type);
}

function unwrap(type: GraphQLOutputType) {
  let inner = type;
  while (isNonNullType(inner) || isListType(inner)) inner = inner.ofType;
  return inner;
}
