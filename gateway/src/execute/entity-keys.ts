import { type ConstDirectiveNode, type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql';

/** Every place of a key's field set: `['/ref', '/ref/org']` for `ref { org }`. */
export type EntityKey = readonly string[];

/** Reads the keys by which subgraphs find the entities of a type, by `subgraph Type`. */
export function readEntityKeys(supergraph: DocumentNode): ReadonlyMap<string, readonly EntityKey[]> {
  const subgraphs = new Map<string, string>();
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.ENUM_TYPE_DEFINITION || node.name.value !== 'join__Graph') continue;
    for (const { name, directives = [] } of node.values ?? []) {
      for (const directive of directives) {
        subgraphs.set(name.value, String(argumentsOf(directive).get('name')));
      }
    }
  }
  const keys = new Map<string, EntityKey[]>();
  for (const node of supergraph.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const directive of node.directives ?? []) {
      if (directive.name.value !== 'join__type') continue;
      const args = argumentsOf(directive);
      const fields = args.get('key');
      if (typeof fields !== 'string' || args.get('resolvable') === false) continue;
      const id = `${subgraphs.get(String(args.get('graph')))} ${node.name.value}`;
      keys.set(id, [...(keys.get(id) ?? []), placesOf(fields)]);
    }
  }
  return keys;
}

function argumentsOf({ arguments: args = [] }: ConstDirectiveNode): Map<string, unknown> {
  return new Map(args.map(({ name, value }) => [name.value, 'value' in value ? value.value : undefined]));
}

function placesOf(fields: string): string[] {
  const [operation] = parse(`{${fields}}`, { noLocation: true }).definitions;
  const places: string[] = [];
  const walk = ({ selections }: SelectionSetNode, outer: string) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      const place = selection.kind === Kind.FIELD ? `${outer}/${selection.name.value}` : outer;
      if (place !== outer) places.push(place);
      if (selection.selectionSet) walk(selection.selectionSet, place);
    }
  };
  if (operation?.kind === Kind.OPERATION_DEFINITION) walk(operation.selectionSet, '');
  return places;
}
