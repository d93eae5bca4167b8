import {
  type FieldNode,
  type GraphQLField,
  getNullableType,
  isListType,
  Kind,
  type ValueNode,
} from 'graphql';
import type { CostBook, ListSize } from './cost-book.ts';

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
