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
 *
 * @param tagName what the SDL calls `@tag`: `federation__tag` where its link of federation does not import it
 */
export function tagPlatforms(sdl: DocumentNode, tagName = 'tag'): DocumentNode {
  const tag = <N extends Tagged>(node: N) => tagNode(node, tagName);
  return visit(sdl, { FieldDefinition: tag, ObjectTypeDefinition: tag, ObjectTypeExtension: tag });
}

/** What `@platform(is: PORTAL)` or `@tag(name: "portal")` names, the latter on fields that are open to all, such as the sign-in. */
export function platformNamedBy(directive: ConstDirectiveNode): Platform | undefined {
  const named = platformOf(directive) ?? tagOf(directive);
  return isPlatform(named) ? named : undefined;
}

function tagNode<N extends Tagged>(node: N, tagName: string): N | undefined {
  const platforms = (node.directives ?? []).flatMap((directive) => platformOf(directive) ?? []);
  const tags = platforms.filter(
    (name) => !(node.directives ?? []).some((directive) => tagOf(directive, tagName) === name),
  );
  return tags.length === 0
    ? undefined
    : { ...node, directives: [...(node.directives ?? []), ...tags.map((tag) => createTag(tagName, tag))] };
}

function platformOf(directive: ConstDirectiveNode): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === 'is')?.value;
  return directive.name.value === 'platform' && value?.kind === Kind.ENUM
    ? value.value.toLowerCase()
    : undefined;
}

function tagOf(directive: ConstDirectiveNode, tagName = 'tag'): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === 'name')?.value;
  return directive.name.value === tagName && value?.kind === Kind.STRING ? value.value : undefined;
}

function createTag(tagName: string, tag: string): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: tagName },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'name' },
        value: { kind: Kind.STRING, value: tag },
      },
    ],
  };
}
