import { buildSubgraphSchema } from '@apollo/subgraph';
import type { Logger } from '@signet/service';
import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { assertRules, readServiceSdl } from './subgraph-rules.ts';

const federation =
  '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])';
const entity = 'type P @key(fields: "id") @authenticated { id: ID! }';

/** The fields that the start warns of. */
function warnedOf(sdl: string): unknown[] {
  const resolvers = { P: { __resolveReference: () => null } };
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers }]);
  const warned: unknown[] = [];
  const logger = { warn: ({ fields }: { fields: unknown[] }) => warned.push(...fields) };
  assertRules({ name: 'p', sdl: readServiceSdl(schema), policies: {} }, logger as unknown as Logger);
  return warned;
}

it.each([
  ['Apollo Server', `extend schema ${federation} type Query { a: Int @authenticated } ${entity}`],
  [
    'a root of another name',
    `extend schema ${federation} schema { query: Root } type Root { a: Int @authenticated } ${entity}`,
  ],
])('warns of no field that federation adds: %s', (_, sdl) => {
  expect(warnedOf(sdl)).toEqual([]);
});

it("warns of the subgraph's own fields without a rule", () => {
  const sdl = `extend schema ${federation} type Query { naked: Int } type T @authenticated { _entities: Int } type U { _service: Int } ${entity}`;
  expect(warnedOf(sdl)).toEqual(['Query.naked', 'U._service']);
});
