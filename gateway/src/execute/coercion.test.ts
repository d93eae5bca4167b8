import { buildSchema, getOperationAST, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { compileCoercion } from './coercion.ts';

const schema = buildSchema(`
  type Query { a(n: Int! = 1, in: In, list: [Int!], nullable: Int = 1): Int me: Query }
  input In { n: Int! = 1 m: Int }
`);

function coerce(query: string, variables: Record<string, unknown>) {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  const { coerced, errors } = compileCoercion(schema, document, operation)(variables);
  return coerced ?? errors?.map(({ message, extensions }) => `${extensions.code}: ${message}`);
}

describe('null for a variable with a default', () => {
  test.each([
    ['an argument', 'query ($v: Int = 5) { a(n: $v) }'],
    ['an argument that has the default itself', 'query ($v: Int) { a(n: $v) }'],
    ['a field of an input object', 'query ($v: Int = 5) { a(in: { n: $v }) }'],
    ['an item of a list', 'query ($v: Int = 5) { a(list: [1, $v]) }'],
    ['@skip', 'query ($v: Boolean = true) { a @skip(if: $v) }'],
    [
      '@include in a fragment',
      'query ($v: Boolean = true) { ...A } fragment A on Query { me { ...B @include(if: $v) } } fragment B on Query { a }',
    ],
    ['__type', 'query ($v: String = "Query") { __type(name: $v) { name } }'],
  ])('is refused at a place that takes none: %s', (_, query) => {
    expect(coerce(query, { v: null })).toEqual([
      expect.stringMatching(/^BAD_USER_INPUT: Variable "\$v" of non-null type "\w+!" must not be null\.$/),
    ]);
    expect(coerce(query, {})).toBeTypeOf('object');
  });

  test.each([
    ['a place that takes it', 'query ($v: Int = 5) { a(nullable: $v, in: { m: $v }) }'],
    ['another operation', 'query ($v: Int = 5) { a(nullable: $v) }'],
    ['no place', 'query ($v: Int = 5) { a }'],
  ])('is taken at %s', (_, query) => {
    expect(coerce(query, { v: null })).toEqual({ v: null });
  });
});

test('a value that is not of its type is refused as before', () => {
  expect(coerce('query ($v: Int!) { a(n: $v) }', { v: 'x' })).toEqual([
    expect.stringContaining('Variable "$v" got invalid value "x"'),
  ]);
});
