import {
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  getNullableType,
  isInputObjectType,
  isListType,
  valueFromASTUntyped,
} from 'graphql';
import type { CostBook } from './cost-book.ts';

/** What a field costs more for the arguments that it is given, such as a text to search for. */
export type InputCosts = (
  coordinate: string,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
) => number;

/**
 * Adds up the weights of arguments (`Query.customers(search:)`) and input fields (`AuditLogFilter.kind`) wherever they have a value.
 * A value that many fields share, through a variable, is read once. `variables` include their defaults.
 */
export function createInputCosts(
  { weights }: CostBook,
  variables: Readonly<Record<string, unknown>>,
): InputCosts {
  const known = new WeakMap<object, number>();

  function costOf(type: GraphQLInputType, value: unknown): number {
    const nullable = getNullableType(type);
    if (isListType(nullable)) {
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      return items.reduce<number>((sum, item) => sum + costOf(nullable.ofType, item), 0);
    }
    if (!isInputObjectType(nullable) || typeof value !== 'object' || value === null) return 0;
    const read = known.get(value);
    if (read !== undefined) return read;
    let cost = 0;
    for (const [name, field] of Object.entries(nullable.getFields())) {
      const inner = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (inner === undefined || inner === null) continue;
      cost += (weights.get(`${nullable.name}.${name}`) ?? 0) + costOf(field.type, inner);
    }
    known.set(value, cost);
    return cost;
  }

  return (coordinate, node, field) => {
    let cost = 0;
    for (const argument of node.arguments ?? []) {
      const definition = field.args.find(({ name }) => name === argument.name.value);
      const value = definition && valueFromASTUntyped(argument.value, variables);
      if (value === undefined || value === null || !definition) continue;
      cost += (weights.get(`${coordinate}(${definition.name}:)`) ?? 0) + costOf(definition.type, value);
    }
    return cost;
  };
}
