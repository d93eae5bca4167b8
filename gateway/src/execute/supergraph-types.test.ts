import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import { supergraphPath, variants } from '@signet/schema/supergraph-files';
import { type GraphQLSchema, lexicographicSortSchema, parse, printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { createFederation } from './federation.test-support.ts';
import { buildApiSchema, readSupergraphTypes } from './supergraph-types.ts';

const print = (schema: GraphQLSchema) =>
  printSchema(lexicographicSortSchema(schema))
    .replace(/"""[\s\S]*?"""\n/g, '')
    .replace(/^directive .*$/gm, '');

function apolloSchema(sdl: string) {
  return Supergraph.build(sdl, { supportedFeatures: null }).apiSchema().toGraphQLJSSchema();
}

test.each(variants)('the schema that clients of %s see is that of federation', (name) => {
  const sdl = readFileSync(supergraphPath(name), 'utf8');
  expect(print(buildApiSchema(parse(sdl)))).toBe(print(apolloSchema(sdl)));
});

const { supergraphSdl } = createFederation([
  {
    name: 'one',
    sdl: `
      type Query { a(x: In, y: Int @inaccessible): Node hidden: Hidden @inaccessible e: E u: U }
      interface Node { id: ID } interface Secret @inaccessible { id: ID }
      type Hidden implements Node & Secret @inaccessible { id: ID }
      type Seen implements Node & Secret { id: ID own: Int @inaccessible }
      union U = Seen | Hidden
      enum E { A B @inaccessible } input In { a: Int b: Int @inaccessible c: E = A }
    `,
  },
]);

test('what is inaccessible is left out everywhere', () => {
  const schema = buildApiSchema(parse(supergraphSdl));
  expect(print(schema)).toBe(print(apolloSchema(supergraphSdl)));
  expect(print(schema)).not.toMatch(/Hidden|Secret|join__|link__/);
});

test('types that clients cannot see are still known to execution', () => {
  const types = readSupergraphTypes(parse(supergraphSdl));
  expect(types.isObject('Hidden')).toBe(true);
  expect(types.isObject('Node')).toBe(false);
  expect(types.isSubtype('Secret', 'Hidden')).toBe(true);
  expect(types.isSubtype('U', 'Seen')).toBe(true);
  expect(types.isSubtype('Seen', 'Hidden')).toBe(false);
  expect(types.isSubtype('constructor', 'Hidden')).toBe(false);
});
