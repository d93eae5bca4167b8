import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { hideSchemaDetails } from './error-texts.ts';

const { buildSchema, parse, validate, specifiedRules }: typeof import('graphql') = createRequire(
  import.meta.url,
)('graphql');

const schema = buildSchema(`
  type Query { secretUser(id: ID!, secretKind: SecretKind, secretInput: SecretInput): SecretUser secretPet: SecretPet }
  type SecretUser { secretName: String! secretAge: Int! secretFriend(secretFirst: Int!): SecretUser }
  union SecretPet = SecretDog | SecretCat
  type SecretDog { secretName: String } type SecretCat { secretName: Int }
  enum SecretKind { SECRET_ADMIN }
  input SecretInput { secretField: String! secretOther: SecretScalar }
  scalar SecretScalar
  directive @secretDirective(secretIf: Boolean!) on FIELD
`);

/** Each must fail to validate, and say nothing that is secret but what it sent itself. */
const documents = [
  '{ secretUsr }',
  '{ secretUser(id: 1) }',
  '{ secretUser(id: 1) { secretNam } }',
  '{ secretUser { __typename } }',
  '{ secretUser(idd: 1) { __typename } }',
  '{ secretUser(id: {}) { __typename } }',
  '{ secretUser(id: 1, secretKind: SECRET_ADMN) { __typename } }',
  '{ secretUser(id: 1, secretKind: "SECRET_ADMIN") { __typename } }',
  '{ secretUser(id: 1, secretKind: 1) { __typename } }',
  '{ secretUser(id: 1, secretInput: {}) { __typename } }',
  '{ secretUser(id: 1, secretInput: 1) { __typename } }',
  '{ secretUser(id: 1, secretInput: {secretFeld: ""}) { __typename } }',
  '{ secretUser(id: 1, secretInput: {secretField: 1}) { __typename } }',
  'query ($a: Int) { secretUser(id: 1, secretKind: $a) { __typename } }',
  'query ($a: SecretKnd) { __typename }',
  '{ secretUser(id: 1) { secretFriend { __typename } } }',
  '{ secretUser(id: 1) { secretName { a } } }',
  '{ secretUser(id: 1) { a: secretName a: secretAge } }',
  '{ secretPet { ... on SecretUser { a } } }',
  '{ secretPet { ...A } } fragment A on SecretUser { __typename }',
  '{ secretPet { ... on SecretDog { a: secretName } ... on SecretCat { a: secretName } } }',
  '{ secretPet { secretName } }',
  '{ __typename @secretDirective }',
  '{ __typename @secretDirectiv }',
  '{ __typename @secretDirective(secretI: true) }',
  '{ ... on SecretKind { a } }',
  'fragment A on SecretUsers { a } { ...A }',
];

test.each(documents)('%s is refused without a name that it does not hold', (document) => {
  const faults = validate(schema, parse(document), specifiedRules);
  expect(faults.length).toBeGreaterThan(0);
  const sent = new Set(document.match(/\w+/g));
  for (const { message, source } of faults) {
    for (const text of [hideSchemaDetails(message, document), hideSchemaDetails(message)]) {
      const names: string[] = text.match(/secret\w*/gi) ?? [];
      expect(
        names.filter((name) => !sent.has(name)),
        `${message} -> ${text}`,
      ).toEqual([]);
      expect(text).not.toContain('Did you mean');
      expect(text).toMatch(/^[A-Z].*\.$/s);
    }
    expect(source?.body).toBe(document);
  }
});

test.each([
  ['Cannot query field "x" on type "Query". Did you mean "y"?', '{ x }', 'Cannot query field "x".'],
  [
    'Unknown argument "a" on field "Query.me". Did you mean "b"?',
    '{ me(a: 1) }',
    'Unknown argument "a" on field "me".',
  ],
  ['Unknown type "X". Did you mean "Y" or "Z"?', 'query ($a: X) { a }', 'Unknown type "X".'],
  ['Variable "$a" is never used.', 'query ($a: ID) { b }', 'Variable "$a" is never used.'],
  ['A rule of tomorrow names "User".', '{ x }', 'The document does not fit the schema.'],
])('%s', (text, source, wanted) => {
  expect(hideSchemaDetails(text, source)).toBe(wanted);
});
