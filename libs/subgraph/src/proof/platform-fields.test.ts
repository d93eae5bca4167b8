import { buildSchema, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { findPlatforms, readPlatformFields } from './platform-fields.ts';

const directives = `
  directive @platform(is: access__Platform!) on FIELD_DEFINITION | OBJECT
  directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT
  enum access__Platform { USER PORTAL }
`;
const sdl = `
  type Query { open: Int me: Customer @platform(is: USER) thing: Thing staff: Staff }
  extend type Query { staffHealth: Int @tag(name: "portal") any: [Node] }
  type Mutation { login: Int @tag(name: "user") portalLogin: Int @tag(name: "portal") both: Int }
  interface Node { id: ID }
  type Customer implements Node { id: ID note: String @platform(is: PORTAL) }
  type Staff implements Node @platform(is: PORTAL) { id: ID }
  type Thing { id: ID price: Int @tag(name: "internal") }
`;
const schema = buildSchema(directives + sdl);
const fields = readPlatformFields(parse(sdl));

const platformsOf = (text: string) => [...findPlatforms(parse(text), schema, fields)].sort();

describe('the platforms that an operation belongs to', () => {
  it.each<[string, string, string[]]>([
    ['fields of both', '{ open thing { id } any { id } }', []],
    ["a customer's field", '{ open me { id } }', ['user']],
    ["staff's field, in an extension", '{ staffHealth }', ['portal']],
    ['a mutation that is open to all', 'mutation { portalLogin }', ['portal']],
    ['an alias', 'mutation { login: both both: portalLogin }', ['portal']],
    ['a field further down', '{ any { ... on Customer { note } } }', ['portal']],
    [
      'a fragment',
      '{ any { ...f } } fragment f on Node { ... on Customer { ...g } } fragment g on Customer { note }',
      ['portal'],
    ],
    ['a type of which nothing is asked', '{ any { ... on Staff { __typename } } }', ['portal']],
    ['a fragment on such a type', '{ any { ...f } } fragment f on Staff { __typename }', ['portal']],
    ['a field that gives such a type', '{ staff { __typename } }', ['portal']],
    ['such a type as something else', '{ any { ... on Staff { ... on Node { id } } } }', ['portal']],
    ['such a fragment', '{ any { ...f } } fragment f on Staff { ... on Node { id } }', ['portal']],
    ['such a field', '{ staff { ... on Node { id } } }', ['portal']],
    ['@skip and @include, which leave nothing out', '{ open staffHealth @include(if: false) }', ['portal']],
    ['both', '{ me { id } staffHealth }', ['portal', 'user']],
    ['an operation that does not run', 'query a { open } mutation b { portalLogin }', ['portal']],
    ['a tag that names no platform', '{ thing { price } }', []],
  ])('%s', (_title, text, expected) => {
    expect(platformsOf(text)).toEqual(expected);
  });
});
