import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  getNullableType,
  isListType,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';

/** How long the list behind a field gets, as `@listSize` says it. */
export type ListSize = {
  assumedSize?: number;
  /** Arguments that ask for a number of items. */
  slicingArguments: readonly string[];
  /** Where the list is not the field's own value: the fields of its type that are the list. */
  sizedFields?: readonly string[];
};

/** `@cost` and `@listSize` of a supergraph, by type (`Product`) or coordinate (`Query.products`). */
export type CostBook = {
  weights: ReadonlyMap<string, number>;
  listSizes: ReadonlyMap<string, ListSize>;
};

/** Reads federation's `@cost` and `@listSize` (specification 2.9), which the API schema of an entrance no longer has. */
export function readCostBook(supergraph: DocumentNode): CostBook {
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const read = (place: string, directives: readonly ConstDirectiveNode[] = []) => {
    for (const directive of directives) {
      const values = Object.fromEntries(
        (directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
      );
      if (directive.name.value === 'cost') weights.set(place, values.weight as number);
      if (directive.name.value === 'listSize') {
        listSizes.set(place, { slicingArguments: [], ...values } as ListSize);
      }
    }
  };
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    read(node.name.value, node.directives);
    for (const field of node.fields ?? []) {
      read(`${node.name.value}.${field.name.value}`, field.directives);
    }
  }
  return { weights, listSizes };
}

/** For a list of which the schema says nothing. */
const unsaidListSize = 10;

/** Of introspection's own lists, which carry no directives. Rounded up from a schema of some hundred types. */
const introspectionListSizes: Readonly<Record<string, number>> = {
  '__Schema.types': 100,
  '__Schema.directives': 10,
  '__Type.fields': 8,
  '__Type.inputFields': 4,
  '__Type.enumValues': 4,
  '__Type.possibleTypes': 2,
  '__Type.interfaces': 1,
  '__Field.args': 2,
  '__Directive.args': 2,
};

/** `own`: of the field's own list, 1 where it is none. `inner`: of the lists that its type holds, by their field names. */
export type FieldSizes = { own: number; inner: ReadonlyMap<string, number> };

const noInnerLists: ReadonlyMap<string, number> = new Map();

/**
 * How many objects a field stands for. The number of items that it asks for counts, from the literal, the variable or a default; else
 * what the schema assumes. `onPageSize` hears of each number of items asked for.
 */
export function readFieldSizes(
  coordinate: string,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  options: {
    book: CostBook;
    variables: Readonly<Record<string, unknown>>;
    variableDefaults: ReadonlyMap<string, ValueNode>;
    onPageSize(size: number): void;
  },
): FieldSizes {
  const isList = isListType(getNullableType(field.type));
  const said = options.book.listSizes.get(coordinate);
  if (!said) {
    const own = isList ? sizeWithout(coordinate) : 1;
    return { own, inner: noInnerLists };
  }
  const asked = readAskedSizes(said, node, field, options);
  for (const size of asked) options.onPageSize(size);
  const size = asked.length > 0 ? Math.max(...asked) : (said.assumedSize ?? unsaidListSize);
  return said.sizedFields
    ? { own: 1, inner: new Map(said.sizedFields.map((name) => [name, size])) }
    : { own: isList ? size : 1, inner: noInnerLists };
}

/** Of a list without `@listSize`, by its coordinate. */
export function sizeWithout(coordinate: string): number {
  return Object.hasOwn(introspectionListSizes, coordinate)
    ? (introspectionListSizes[coordinate] as number)
    : unsaidListSize;
}

function readAskedSizes(
  { slicingArguments }: ListSize,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  { variables, variableDefaults }: Parameters<typeof readFieldSizes>[3],
): number[] {
  return slicingArguments.flatMap((name) => {
    const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
    const size = readInt(given, variables, variableDefaults);
    const byDefault = field.args.find((argument) => argument.name === name)?.defaultValue;
    return size ?? (typeof byDefault === 'number' ? byDefault : []);
  });
}

/** GraphQL's Int has 32 bits. */
const maxInt = 2_147_483_647;

/** Undefined for what is no Int: validation or coercion refuses it, or the argument's default takes its place. */
function readInt(
  value: ValueNode | undefined,
  variables: Readonly<Record<string, unknown>>,
  variableDefaults: ReadonlyMap<string, ValueNode>,
): number | undefined {
  const isVariable = value?.kind === Kind.VARIABLE;
  const given = isVariable && Object.hasOwn(variables, value.name.value);
  const literal = isVariable ? variableDefaults.get(value.name.value) : value;
  const size = given
    ? variables[value.name.value]
    : literal?.kind === Kind.INT
      ? Number(literal.value)
      : undefined;
  const isInt = Number.isInteger(size) && Math.abs(size as number) <= maxInt;
  // A subgraph refuses a negative one.
  return isInt ? Math.max(0, size as number) : undefined;
}
