import {
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Of one operation. One with more is counted for the first of them. */
const maxFields = 2000;

/**
 * The coordinates (`Type.field`) of the fields that an operation asks for, each once. A field that is asked for on an interface is asked for
 * on each of its types as well: removing it from one of them would break the operation. Fields of the schema itself are left out, and
 * so are unknown ones.
 */
export function findOperationFields(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly string[] {
  const fields = new Set<string>();
  const fragments = new Map(
    document.definitions.flatMap((found) =>
      found.kind === Kind.FRAGMENT_DEFINITION ? [[found.name.value, found] as const] : [],
    ),
  );
  const spread = new Set<string>();
  const collect = (set: SelectionSetNode, type: GraphQLOutputType | undefined) => {
    for (const selection of set.selections) {
      if (fields.size >= maxFields) return;
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet } = selection;
        if (name.value.startsWith('__') || !type || !('getFields' in type)) continue;
        const field = type.getFields()[name.value];
        if (!field) continue;
        fields.add(coordinateOf(type, name.value));
        if (isAbstractType(type)) {
          for (const one of schema.getPossibleTypes(type)) fields.add(coordinateOf(one, name.value));
        }
        if (selectionSet) collect(selectionSet, getNamedType(field.type));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet, typeOf(selection.typeCondition?.name.value) ?? type);
      } else {
        const fragment = fragments.get(selection.name.value);
        if (!fragment || spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
        collect(fragment.selectionSet, typeOf(fragment.typeCondition.name.value));
      }
    }
  };
  const typeOf = (name: string | undefined) => {
    const type = name === undefined ? undefined : schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  };
  collect(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
  return [...fields];
}

const coordinates = new WeakMap<GraphQLNamedType, Map<string, string>>();

/** One text for each field of the schema: thousands of operations that ask for it are kept. */
function coordinateOf(type: GraphQLNamedType, field: string): string {
  let ofType = coordinates.get(type);
  if (!ofType) {
    ofType = new Map();
    coordinates.set(type, ofType);
  }
  let coordinate = ofType.get(field);
  if (coordinate === undefined) {
    coordinate = `${type.name}.${field}`;
    ofType.set(field, coordinate);
  }
  return coordinate;
}
