import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { findOperationFields } from './operation-fields.ts';

const schema = buildSchema(`
  interface Named { name: String owner: User }
  type User implements Named { name: String owner: User email(of: Int): String }
  type Team implements Named { name: String owner: User size: Int }
  union Found = User | Team
  type Query { me: User named: Named found: [Found] }
  type Mutation { rename(to: String): User }
`);

function fieldsOf(text: string, name?: string) {
  const document = parse(text);
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('There is no such operation.');
  return [...findOperationFields(schema, document, operation)].sort();
}

test('finds each field once, whatever alias, argument, directive or fragment it stands in', () => {
  expect(
    fieldsOf(
      `
      query A { a: me { name ...F } b: me @include(if: true) { ...F ... @skip(if: false) { e: email(of: 1) } } }
      fragment F on User { name owner { ...F } }
      query B { found { __typename } }
    `,
      'A',
    ),
  ).toEqual(['Query.me', 'User.email', 'User.name', 'User.owner']);
});

test('counts a field of an interface for each of its types, and those of a union by the types that are named', () => {
  expect(fieldsOf('{ named { name ... on Team { size } } found { ... on User { email } } }')).toEqual([
    'Named.name',
    'Query.found',
    'Query.named',
    'Team.name',
    'Team.size',
    'User.email',
    'User.name',
  ]);
});

test('leaves out the schema itself, and what the schema does not have', () => {
  expect(
    fieldsOf('{ __schema { types { name } } me { __typename nothing { more } } ...Missing nowhere }'),
  ).toEqual(['Query.me']);
  expect(fieldsOf('mutation { rename(to: "x") { name } }')).toEqual(['Mutation.rename', 'User.name']);
});
