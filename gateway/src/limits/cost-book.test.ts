import { readFileSync } from 'node:fs';
import { supergraphPath } from '@signet/schema/supergraph-files';
import {
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isListType,
  isObjectType,
  parse,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { readApiSchema } from '../../../schema/api-schema.test-support.ts';
import { shopSupergraph } from '../entrance/shop-graph.test-support.ts';
import { type CostBook, readCostBook } from './cost-book.ts';

/** Fields whose lists get longer than anybody says: pages without a `@listSize`, and lists that no page holds. */
function findUnsizedFields(schema: GraphQLSchema, { listSizes }: CostBook): string[] {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = types
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => ({ field, coordinate: `${type.name}.${field.name}` })),
    );
  const sizedByPage = new Set(
    fields.flatMap(({ field, coordinate }) =>
      (listSizes.get(coordinate)?.sizedFields ?? []).map(
        (name) => `${getNamedType(field.type).name}.${name}`,
      ),
    ),
  );
  return fields
    .filter(({ field, coordinate }) => {
      const isListOfObjects =
        isListType(getNullableType(field.type)) && isCompositeType(getNamedType(field.type));
      const isPage = field.args.some(({ name }) => ['first', 'last', 'limit'].includes(name));
      return (isListOfObjects || isPage) && !listSizes.has(coordinate) && !sizedByPage.has(coordinate);
    })
    .map(({ coordinate }) => coordinate);
}

describe('the cost of work', () => {
  it.each(['graph', 'user', 'portal'] as const)('is said for every count and search (%s)', (variant) => {
    const sdl = readFileSync(supergraphPath(variant), 'utf8');
    const { weights } = readCostBook(parse(sdl));
    const types = Object.values(readApiSchema(sdl).getTypeMap());
    const fields = types
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => ({ field, coordinate: `${type.name}.${field.name}` })),
      );
    const places = [
      ...fields
        .filter(({ field }) => field.name.startsWith('totalCount'))
        .map(({ coordinate }) => coordinate),
      ...fields.flatMap(({ field, coordinate }) =>
        field.args.filter(({ name }) => name === 'search').map(({ name }) => `${coordinate}(${name}:)`),
      ),
      ...types
        .filter((type) => isInputObjectType(type) && type.name.endsWith('Filter'))
        .flatMap((type) => (isInputObjectType(type) && type.getFields().text ? [`${type.name}.text`] : [])),
    ];
    expect(places.filter((place) => !weights.has(place))).toEqual([]);
  });
});

describe('the cost of lists', () => {
  it.each(['graph', 'user', 'portal'] as const)(
    'is said for every list and page of the schema (%s)',
    (variant) => {
      const sdl = readFileSync(supergraphPath(variant), 'utf8');
      expect(findUnsizedFields(readApiSchema(sdl), readCostBook(parse(sdl)))).toEqual([]);
    },
  );

  it('is missed where it is not said', () => {
    const sdl = readFileSync(supergraphPath('graph'), 'utf8');
    const without = parse(
      sdl.replace(/details: \[AuditDetail!\]! @listSize\(assumedSize: 5\)/, 'details: [AuditDetail!]!'),
    );
    expect(findUnsizedFields(readApiSchema(sdl), readCostBook(without))).toEqual(['AuditEvent.details']);
    const none = parse(sdl.replaceAll('@listSize', '@other'));
    expect(findUnsizedFields(readApiSchema(sdl), readCostBook(none))).toContain('Query.customers');
  });

  it.each([
    ['generated', readFileSync(supergraphPath('graph'), 'utf8'), 5],
    ["tests'", shopSupergraph('graph'), 10],
  ])('names arguments and fields that exist in the %s graph', (_, sdl, moreThan) => {
    const schema = readApiSchema(sdl);
    const { listSizes, weights } = readCostBook(parse(sdl));
    expect(weights.get('Query.dashboard')).toBe(500);
    expect(listSizes.size).toBeGreaterThan(moreThan);
    for (const [coordinate, { slicingArguments, sizedFields = [] }] of listSizes) {
      const [typeName = '', fieldName = ''] = coordinate.split('.');
      const type = schema.getType(typeName);
      const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
      const names = field?.args.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining([...slicingArguments]));
      const page = field && getNamedType(field.type);
      const inner = isObjectType(page) ? Object.keys(page.getFields()) : [];
      expect(inner).toEqual(expect.arrayContaining([...sizedFields]));
    }
  });
});
