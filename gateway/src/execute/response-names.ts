import { type DocumentNode, type FieldNode, type GraphQLField, print, type ValueNode, visit } from 'graphql';

/**
 * Response keys and variables of the planned operation, kept apart from those that planning and execution add: the keys of
 * entities, the fields of `@requires`, `__typename`, the variable `representations`. All of the client's begin with a prefix that no
 * name of the supergraph holds.
 */

/** Derived from the supergraph alone, so that planning and execution find the same one. */
export function prefixFor(supergraphSdl: string): string {
  for (let number = 0; ; number += 1) {
    const prefix = `_${number}_`;
    if (!supergraphSdl.includes(prefix)) return prefix;
  }
}

/** Numbers what a response key stands for in a document: a field with its arguments. 0 for the first, which most keys have alone. */
export type KeyNumbers = (node: FieldNode) => number;

/**
 * Two types may have different fields under one key: `... on Book { price(in: EUR) } ... on Film { price(in: USD) }`. A subgraph that knows no
 * types of an interface (`@interfaceObject`) is asked for both at one place, so each needs a key of its own.
 *
 * @param document the whole document of the client: planning and execution must number alike
 */
export function numberKeys(document: DocumentNode): KeyNumbers {
  const firsts = new Map<string, FieldNode>();
  /** Of the keys that come again: most come once, and their arguments need not be written. */
  const numbers = new Map<string, Map<string, number>>();
  visit(document, {
    Field(node) {
      // The part that asks for the schema is not planned.
      if (node.name.value.startsWith('__')) return false;
      const key = (node.alias ?? node.name).value;
      const first = firsts.get(key);
      if (!first) {
        firsts.set(key, node);
        return undefined;
      }
      const known = numbers.get(key) ?? new Map([[meaningOf(first), 0]]);
      const meaning = meaningOf(node);
      if (!known.has(meaning)) known.set(meaning, known.size);
      numbers.set(key, known);
      return undefined;
    },
  });
  return (node) => {
    const known = numbers.get((node.alias ?? node.name).value);
    return known && known.size > 1 ? (known.get(meaningOf(node)) ?? 0) : 0;
  };
}

/** A field with its arguments, in any order, as validation compares them (GraphQL spec 5.3.2). */
function meaningOf({ name, arguments: args = [] }: FieldNode): string {
  const texts = args.map((argument) => `${argument.name.value}:${print(sortFields(argument.value))}`);
  return [name.value, ...texts.sort()].join(' ');
}

function sortFields(value: ValueNode): ValueNode {
  return visit(value, {
    ObjectValue: {
      leave: (node) => ({
        ...node,
        fields: node.fields.toSorted((a, b) => (a.name.value < b.name.value ? -1 : 1)),
      }),
    },
  });
}

/**
 * The response key of a client's field in the planned operation. A field that may have arguments has a key of the client's even without
 * an alias: planning may add it with other arguments.
 */
export function plannedKeyOf(
  node: FieldNode,
  field: Pick<GraphQLField<unknown, unknown>, 'args'> | undefined,
  prefix: string | undefined,
  numberOf: KeyNumbers,
): string {
  const { name } = node;
  const key = (node.alias ?? name).value;
  if (name.value === '__typename') return name.value;
  if (prefix === undefined) return key;
  return key === name.value && field?.args.length === 0 ? key : ownKeyOf(node, prefix, numberOf);
}

/** The response key that only clients' fields have. No name begins with a digit, and no other planned name has `00` there. */
export function ownKeyOf(node: FieldNode, prefix: string, numberOf: KeyNumbers): string {
  const key = (node.alias ?? node.name).value;
  const number = numberOf(node);
  return number === 0 ? prefix + key : `${prefix}00${number}_${key}`;
}

/** The client's response key of a key in the planned operation. */
export function clientKeyOf(plannedKey: string, prefix: string | undefined): string {
  return prefix !== undefined && plannedKey.startsWith(prefix)
    ? plannedKey.slice(prefix.length).replace(/^00\d+_/, '')
    : plannedKey;
}

/** The variable that holds the representations of a fetch, in what the planner writes. */
export const representationsVariable = 'representations';

/** The name of a client's variable in the planned operation. */
export function plannedVariableOf(name: string, prefix: string): string {
  return name === representationsVariable || name.startsWith(prefix) ? `${prefix}v${name}` : name;
}

/** The client's name of a variable in the planned operation. */
export function clientVariableOf(planned: string, prefix: string | undefined): string {
  return prefix !== undefined && planned.startsWith(`${prefix}v`)
    ? planned.slice(prefix.length + 1)
    : planned;
}
