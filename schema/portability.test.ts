import { composeServices } from '@apollo/composition';
import { lexicographicSortSchema, parse, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { readApiSchema } from './api-schema.test-support.ts';
import { tagPlatforms } from './platform-tags.ts';
import { placePublicOnFields } from './public-fields.ts';
import { readSubgraphSdl } from './sdl.ts';
import { subgraphs } from './subgraphs.ts';
import { composeSupergraph } from './supergraphs.ts';

const print = (supergraph: string) => printSchema(lexicographicSortSchema(readApiSchema(supergraph)));

/** `Type.field @rule(…)` of a supergraph: what another router would enforce. */
function rulesOf(supergraph: string): string[] {
  const rules = new Set(['public', 'platform', 'authenticated', 'requiresScopes', 'policy']);
  return parse(supergraph, { noLocation: true })
    .definitions.flatMap((node) => {
      if (node.kind !== 'ObjectTypeDefinition') return [];
      const members = (node.fields ?? []).map(
        (field) => [`${node.name.value}.${field.name.value}`, field] as const,
      );
      return [[node.name.value, node] as const, ...members].flatMap(([coordinate, { directives = [] }]) =>
        directives
          .filter(({ name }) => rules.has(name.value))
          .map((directive) => `${coordinate} ${JSON.stringify(directive)}`),
      );
    })
    .sort();
}

test('Apollo’s composition makes the same schema and keeps the same rules', () => {
  const ours = composeSupergraph('graph');
  const theirs = composeServices(
    subgraphs.map(({ name }) => ({
      name,
      url: `http://${name}.invalid/graphql`,
      typeDefs: tagPlatforms(placePublicOnFields(parse(readSubgraphSdl(name)))),
    })),
  );
  expect(theirs.errors ?? []).toEqual([]);
  const sdl = theirs.supergraphSdl ?? '';
  expect(print(sdl)).toBe(print(ours));
  expect(rulesOf(sdl)).toEqual(rulesOf(ours));
  expect(rulesOf(ours).length).toBeGreaterThan(50);
});
