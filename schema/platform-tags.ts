import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  visit,
} from 'graphql';
import { isPlatform, type Platform } from './contract/index.ts';

type Tagged = FieldDefinitionNode | ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

/**
 * Adds `@tag(name: "portal")` where `@platform(is: PORTAL)` stands, and likewise for customers: a contract leaves out by
 * tag what the other platform's tokens could never have.
 */
export function tagPlatforms(sdl: DocumentNode): DocumentNode {
  return visit(sdl, {
    FieldDefinition: tagNode,
    ObjectTypeDefinition: tagNode,
    ObjectTypeExtension: tagNode,
  });
}

/** What `@platform(is: PORTAL)` or `@tag(name: "portal")` names, the latter on fields that are open to all, such as the sign-in. */
export function platformNamedBy(directive: ConstDirectiveNode): Platform | undefined {
  const named = platformOf(directive) ?? tagOf(directive);
  return isPlatform(named) ? named : undefined;
}

function tagNode<N extends Tagged>(node: N): N | undefined {
  const platforms = (node.directives ?? []).flatMap((directive) => platformOf(directive) ?? []);
  const tags = platforms.filter(
    (name) => !(node.directives ?? []).some((directive) => tagOf(directive) === name),
  );
  return tags.length === 0
    ? undefined
    : { ...node, directives: [...(node.directives ?? []), ...tags.map(createTag)] };
}

function platformOf(directive: ConstDirectiveNode): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === 'is')?.value;
  return directive.name.value === 'platform' && value?.kind === Kind.ENUM
    ? value.value.toLowerCase()
    : undefined;
}

function tagOf(directive: ConstDirectiveNode): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === 'name')?.value;
  return directive.name.value === 'tag' && value?.kind === Kind.STRING ? value.value : undefined;
}

function createTag(tag: string): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: 'tag' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'name' },
        value: { kind: Kind.STRING, value: tag },
      },
    ],
  };
}
