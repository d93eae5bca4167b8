import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { createAccessMatrix, findLenientRows, formatAccessMatrix } from './access-matrix.ts';
import { withoutAddedRoles } from './matrix-columns.test-support.ts';
import { readRuleBook, withDefaultAccess } from './rule-book.ts';

const rows = createAccessMatrix(
  readRuleBook(
    parse(`
      type Query {
        open: String @public
        mine: String @platform(is: USER)
        stock: String @platform(is: PORTAL) @requiresScopes(scopes: [["customers:write"]])
        either: String @requiresScopes(scopes: [["staff:write"], ["customers:assign", "profile:read"]])
        turned: String @requiresScopes(scopes: [["customers:assign", "profile:read"], ["staff:write"]])
        forgotten: String
      }
      type Order @policy(policies: [["order.owner"]]) { id: ID  secret: ID @platform(is: PORTAL) }
      interface Node { id: ID }
      type join__Thing { id: ID }
      type Mutation { act: Boolean @authenticated }
    `),
  ),
);

const everybody = ['anonymous', 'user', 'support', 'operations', 'super_admin'] as const;
const verdictsOf = (coordinate: string) => {
  const row = rows.find((candidate) => candidate.coordinate === coordinate);
  return everybody.map((caller) => row?.verdicts[caller]).join(' ');
};

test('has a row for each field of an object type, operations first', () => {
  expect(rows.map(({ coordinate }) => coordinate)).toEqual([
    'Query.either',
    'Query.forgotten',
    'Query.mine',
    'Query.open',
    'Query.stock',
    'Query.turned',
    'Mutation.act',
    'Order.id',
    'Order.secret',
  ]);
});

test.each([
  ['Query.open', 'yes yes yes yes yes'],
  ['Query.mine', 'no yes no no no'],
  ['Query.stock', 'no no no yes yes'],
  ['Query.either', 'no no no yes yes'],
  ['Query.turned', 'no no no yes yes'],
  ['Query.forgotten', 'no no no no no'],
  ['Mutation.act', 'no yes yes yes yes'],
  ['Order.id', 'no policy policy policy policy'],
  ['Order.secret', 'no no policy policy policy'],
])('says who may have %s', (coordinate, verdicts) => {
  expect(verdictsOf(coordinate)).toBe(verdicts);
});

test('is written with a line for each field, its rule in one order', () => {
  const text = withoutAddedRoles(formatAccessMatrix(rows));
  expect(text).toContain('\n| `Query.open` | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | public |\n');
  expect(text).toContain(
    '\n| `Query.stock` | · | · | · | ✓ | ✓ | · | · | · | platform portal, scope `customers:write` |\n| `Query.turned`',
  );
  expect(text).toContain(
    '\n| `Order.secret` | · | · | policy | policy | policy | · | · | · | platform portal, policy `order.owner` |\n',
  );
  expect(text).toContain('scope `staff:write` or `customers:assign` and `profile:read`');
  expect(text).toMatch(/## Weaker in one subgraph\n[\s\S]*\nNone\.\n$/);
});

test('is the same text however the rules of a field were put together', () => {
  const write = (rules: string) =>
    withoutAddedRoles(
      formatAccessMatrix(createAccessMatrix(readRuleBook(parse(`type Query { a: ID ${rules} }`)))),
    );
  expect(write('@requiresScopes(scopes: ["notes:write"]) @authenticated @platform(is: PORTAL)')).toBe(
    write('@platform(is: PORTAL) @requiresScopes(scopes: ["notes:write"])'),
  );
});

test('a field that nobody wrote a rule for is not called public', () => {
  expect(withoutAddedRoles(formatAccessMatrix(rows))).toContain(
    '\n| `Query.forgotten` | · | · | · | · | · | · | · | · | none |\n',
  );
});

test('names the fields that one subgraph alone gives away more freely', () => {
  const read = (sdl: string) => readRuleBook(parse(sdl));
  const strict = {
    name: 'auth',
    book: read('type User @policy(policies: ["user.self"]) { id: ID email: ID }'),
  };
  const lenient = { name: 'orders', book: read('type User @authenticated { id: ID orders: ID }') };
  const merged = read(
    'type User @policy(policies: ["user.self"]) @authenticated { id: ID email: ID orders: ID }',
  );
  const found = findLenientRows(createAccessMatrix(merged), [strict, lenient]);
  expect(found.map(({ coordinate, subgraph }) => `${coordinate} ${subgraph}`)).toEqual([
    'User.id orders',
    'User.orders orders',
  ]);
  expect(withoutAddedRoles(formatAccessMatrix(createAccessMatrix(merged), found))).toContain(
    '\n| `User.id` | · | ✓ | ✓ | ✓ | ✓ | · | · | · | signed in | orders |\n',
  );
});

test('marks what only the default allows', () => {
  const book = withDefaultAccess(readRuleBook(parse('type Query { a: ID b: ID @public }')), 'authenticated');
  const text = withoutAddedRoles(formatAccessMatrix(createAccessMatrix(book)));
  expect(text).toContain('| `Query.a` | · | ✓ | ✓ | ✓ | ✓ | · | · | · | signed in (default) |');
  expect(text).toContain('| `Query.b` | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | public |');
});
