import {
  type DocumentNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  visit,
} from 'graphql';

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

/**
 * Moves `@public` from the types of a subgraph to its fields of them. In a supergraph the rule of a type is that of all its fields: one
 * subgraph would open what others add to the type, `Query` too, without a rule. Rules that ask for something stay on the type, where they keep
 * more out.
 *
 * @param isPublic whether a directive of this name is the rule `@public` in the SDL
 * @param external what the SDL calls `@external`: the field is another subgraph's
 */
export function placePublicOnFields(
  sdl: DocumentNode,
  isPublic: (name: string) => boolean = (name) => name === 'public',
  external = 'external',
): DocumentNode {
  const publicOf = ({ directives = [] }: Pick<ObjectNode, 'directives'>) =>
    directives.find(({ name }) => isPublic(name.value));
  const rules = new Map(
    sdl.definitions.flatMap((node) => {
      const rule = isObjectNode(node) ? publicOf(node) : undefined;
      return isObjectNode(node) && rule ? [[node.name.value, rule] as const] : [];
    }),
  );
  const move = (node: ObjectNode) => {
    const rule = rules.get(node.name.value);
    return (
      rule && {
        ...node,
        directives: (node.directives ?? []).filter(({ name }) => !isPublic(name.value)),
        fields: (node.fields ?? []).map((field) =>
          publicOf(field) || (field.directives ?? []).some(({ name }) => name.value === external)
            ? field
            : { ...field, directives: [...(field.directives ?? []), rule] },
        ),
      }
    );
  };
  return visit(sdl, { ObjectTypeDefinition: move, ObjectTypeExtension: move });
}

function isObjectNode(node: DocumentNode['definitions'][number]): node is ObjectNode {
  return node.kind === 'ObjectTypeDefinition' || node.kind === 'ObjectTypeExtension';
}
