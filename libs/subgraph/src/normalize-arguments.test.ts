import { buildSchema, execute, GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql';
import { expect, it } from 'vitest';
import { normalizeArguments } from './normalize-arguments.ts';

const composed = 'caf\u00e9';
const decomposed = 'cafe\u0301';

function schemaWith(onArguments: (args: unknown) => void): GraphQLSchema {
  const schema = buildSchema(`
    scalar Any
    input Inner { name: String, tags: [String!] }
    type Query { add(name: String, id: ID, inner: Inner, all: [Inner!], any: Any): Int }`);
  const field = schema.getQueryType()?.getFields().add;
  if (!field) throw new Error('no field');
  field.resolve = (_parent, args) => {
    onArguments(args);
    return 1;
  };
  return normalizeArguments(schema);
}

async function run(source: string, variableValues: Record<string, unknown> = {}) {
  let seen: unknown;
  const schema = schemaWith((args) => {
    seen = args;
  });
  const result = await execute({ schema, document: parse(source), variableValues });
  return { seen, errors: result.errors };
}

it('gives a resolver every text in one spelling, wherever it stands', async () => {
  const instant = new Date(0);
  const { seen } = await run(
    `query ($id: ID, $inner: Inner, $any: Any) {
      add(name: "${decomposed}", id: $id, inner: $inner, all: [{ name: "${decomposed}" }, { tags: ["${decomposed}"] }], any: $any)
    }`,
    {
      id: decomposed,
      inner: { name: decomposed, tags: [decomposed, composed] },
      any: { deep: [{ text: decomposed, instant, none: null, count: 1 }] },
    },
  );
  expect(seen).toEqual({
    name: composed,
    id: composed,
    inner: { name: composed, tags: [composed, composed] },
    all: [{ name: composed }, { tags: [composed] }],
    any: { deep: [{ text: composed, instant, none: null, count: 1 }] },
  });
});

it('leaves a field without arguments alone', () => {
  const plain = new GraphQLObjectType({ name: 'Query', fields: { name: { type: GraphQLString } } });
  normalizeArguments(new GraphQLSchema({ query: plain }));
  expect(plain.getFields().name?.resolve).toBeUndefined();
});

it('refuses marks that take seconds to sort, and takes what any language or password needs', async () => {
  const marks = `a${'\u0301'.repeat(30_000)}${'\u0323'.repeat(30_000)}`;
  const started = process.threadCpuUsage();
  const { seen, errors } = await run('query ($inner: Inner) { add(inner: $inner) }', {
    inner: { name: marks },
  });
  expect(process.threadCpuUsage(started).user / 1000).toBeLessThan(1000);
  expect(seen).toBeUndefined();
  expect(errors).toMatchObject([{ originalError: { reason: 'input.name' } }]);
  for (const text of ['\u0301'.repeat(200), `x${'\u0301'.repeat(30)}`.repeat(100)]) {
    expect((await run('query ($n: String) { add(name: $n) }', { n: text })).errors).toBeUndefined();
  }
});
