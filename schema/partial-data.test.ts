import {
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  type TypeNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSubgraphSdl } from './sdl.ts';
import { subgraphs } from './subgraphs.ts';

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;
type Field = { subgraph: string; type: string; isEntity: boolean; node: FieldDefinitionNode };

/** Every field of an object type in every subgraph's own SDL. */
const fields: readonly Field[] = subgraphs.flatMap(({ name: subgraph }) =>
  parse(readSubgraphSdl(subgraph))
    .definitions.filter((node): node is ObjectNode => 'fields' in node && /^ObjectType/.test(node.kind))
    .flatMap((type) =>
      (type.fields ?? []).map((node) => ({
        subgraph,
        type: type.name.value,
        isEntity: hasDirective(type, 'key'),
        node,
      })),
    ),
);

const entities = new Set(fields.filter(({ isEntity }) => isEntity).map(({ type }) => type));
/** The one subgraph that gives fields which are never null. */
const ownersOf = (entity: string) => [
  ...new Set(
    fields
      .filter(({ type, node }) => type === entity && node.type.kind === Kind.NON_NULL_TYPE && !isShared(node))
      .map(({ subgraph }) => subgraph),
  ),
];

describe('while one subgraph is down', () => {
  it.each(fields.filter(({ type }) => type === 'Query'))(
    'the other fields of a query stay: Query.$node.name.value may be null',
    ({ node }) => {
      expect(node.type.kind).not.toBe(Kind.NON_NULL_TYPE);
    },
  );

  it.each([...entities])('a %s stays, without what that subgraph adds to it', (entity) => {
    expect(ownersOf(entity).length).toBeLessThanOrEqual(1);
  });

  it.each(
    fields.filter(
      ({ subgraph, type, node }) =>
        !['Query', 'Mutation'].includes(type) &&
        node.name.value !== 'node' &&
        entities.has(nameOf(node.type)) &&
        !ownersOf(nameOf(node.type)).includes(subgraph),
    ),
  )(
    'what refers to another subgraph’s entity stays: $subgraph’s $type.$node.name.value may be null',
    ({ node }) => {
      expect(node.type.kind).not.toBe(Kind.NON_NULL_TYPE);
    },
  );

  it('sees entities and references at all', () => {
    expect([...entities]).toEqual(expect.arrayContaining(['User', 'StaffMember', 'Dashboard']));
    expect(ownersOf('User')).toEqual(['auth']);
  });
});

function hasDirective({ directives = [] }: ObjectNode | FieldDefinitionNode, name: string): boolean {
  return directives.some((directive) => directive.name.value === name);
}

/** Key fields and those that several subgraphs give alike come from whichever is asked. */
function isShared(node: FieldDefinitionNode): boolean {
  return node.name.value === 'id' || hasDirective(node, 'shareable');
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
