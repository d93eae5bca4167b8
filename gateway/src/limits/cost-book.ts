import { type ConstDirectiveNode, type DocumentNode, Kind, valueFromASTUntyped } from 'graphql';

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
