import {
  type DocumentNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  visit,
} from 'graphql';
import { federationName } from './access-links.ts';
import { readLocalNames } from './lost-rules.ts';

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

/**
 * Moves `@public` from the types of a subgraph to its fields of them. In a supergraph the rule of a type is that of all its fields: one
 * subgraph would open what others add to the type, `Query` too, without a rule. Rules that ask for something stay on the type, where they keep
 * more out.
 */
export function placePublicOnFields(sdl: DocumentNode): DocumentNode {
  const ruleOf = readLocalNames(sdl);
  const external = federationName(sdl, 'external');
  const publicOf = ({ directives = [] }: Pick<ObjectNode, 'directives'>) =>
    directives.find(({ name }) => ruleOf(name.value) === 'public');
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
        directives: (node.directives ?? []).filter(({ name }) => ruleOf(name.value) !== 'public'),
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
