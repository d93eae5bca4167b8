import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  getNullableType,
  type InputObjectTypeDefinitionNode,
  type InterfaceTypeDefinitionNode,
  isListType,
  Kind,
  type ObjectTypeDefinitionNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';

/** How long the list of a field gets, according to `@listSize`. */
export type ListSize = {
  assumedSize?: number;
  /** The arguments that set the number of items. */
  slicingArguments: readonly string[];
  /** The fields of the field's type that are the list, where the field's own value is not. */
  sizedFields?: readonly string[];
};

/**
 * `@cost` and `@listSize` of a supergraph, by type (`User`) or coordinate (`Query.customers`, `Query.customers(search:)`,
 * `AuditLogFilter.kind`).
 */
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
    if (!isTypeWithFields(node)) continue;
    read(node.name.value, node.directives);
    for (const field of node.fields ?? []) {
      const coordinate = `${node.name.value}.${field.name.value}`;
      read(coordinate, field.directives);
      if (field.kind !== Kind.FIELD_DEFINITION) continue;
      for (const argument of field.arguments ?? []) {
        read(`${coordinate}(${argument.name.value}:)`, argument.directives);
      }
    }
  }
  return { weights, listSizes };
}

function isTypeWithFields(
  node: DefinitionNode,
): node is ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode {
  const { OBJECT_TYPE_DEFINITION, INTERFACE_TYPE_DEFINITION, INPUT_OBJECT_TYPE_DEFINITION } = Kind;
  return [OBJECT_TYPE_DEFINITION, INTERFACE_TYPE_DEFINITION, INPUT_OBJECT_TYPE_DEFINITION].some(
    (kind) => kind === node.kind,
  );
}

/** The assumed size of a list without `@listSize`. */
const unsaidListSize = 10;

/** The sizes of introspection's own lists, which carry no directives. Rounded up from a schema of some hundred types. */
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

/**
 * `own`: the size of the field's own list, 1 where it is not a list. `inner`: the sizes of the lists in its type, by
 * their field names.
 */
export type FieldSizes = { own: number; inner: ReadonlyMap<string, number> };

const noInnerLists: ReadonlyMap<string, number> = new Map();

/**
 * Reads how many objects a field stands for: the number of items that it asks for, from a literal, a variable or a
 * default, or else what the schema assumes. `onPageSize` gets each number that is asked for.
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

/** The size of a list without `@listSize`, by its coordinate. */
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

/** The largest Int of GraphQL, which has 32 bits. */
const maxInt = 2_147_483_647;

/** Undefined for anything but an Int: validation or coercion refuses it, or the argument's default applies. */
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
