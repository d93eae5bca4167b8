import { composeServices } from '@apollo/composition';
import { buildASTSchema, type OperationDefinitionNode, parse } from 'graphql';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { compileOperationGuard } from './operation-guard.ts';
import { conditionsOf, type RuleBook, readRuleBook, withDefaultAccess } from './rule-book.ts';
import { readSupergraph } from './supergraph/read-supergraph.ts';

/*
 * Supergraphs as Apollo's composer (and rover) writes them, which leaves @public on the types. The subgraph `reviews` opens its own fields by
 * types; `products` adds fields without a rule.
 */
const header = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@shareable", "@interfaceObject", "@composeDirective", "@authenticated"])
  @link(url: "https://specs.signet.dev/access/v1.0", import: ["@public"]) @composeDirective(name: "@public")
  directive @public on OBJECT | FIELD_DEFINITION | SCALAR`;

function compose(subgraphs: Record<string, string>): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, sdl]) => ({
      name,
      url: `http://${name}.invalid`,
      typeDefs: parse(`${header}\n${sdl}`),
    })),
  );
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

const reviews = `
  type Query @public { reviews: [Review!]! media: [Media!]! }
  type Review @public { text: String product: Product }
  type Product @key(fields: "id") @public { id: ID! rating: Int mine: Int @authenticated named: Int @public }
  type Money @public @shareable { amount: Int }
  interface Media @key(fields: "id") { id: ID! @public }
  type Book implements Media @key(fields: "id") @public { id: ID! pages: Int price: Money }`;
const products = `
  type Query { stockValue: Int price: Money }
  type Product @key(fields: "id") { id: ID! cost: Int }
  type Money @shareable { amount: Int }
  type Media @key(fields: "id") @interfaceObject { id: ID! margin: Int }`;

let supergraph: string;
let book: RuleBook;
beforeAll(() => {
  supergraph = compose({ reviews, products });
  book = readRuleBook(parse(supergraph));
});

const conditions = (coordinate: string, rules = book) => {
  const [type = '', field = ''] = coordinate.split('.');
  return conditionsOf(rules, type, field);
};

const persons = { kind: 'callers', are: ['person'] };

describe('@public on a type, in a supergraph of another composer', () => {
  test.each(['Review.text', 'Review.product', 'Book.id', 'Book.pages'])(
    'opens %s, of one subgraph',
    (field) => {
      expect(conditions(field)).toEqual([]);
    },
  );

  test.each([
    ['Query.stockValue', 'another subgraph adds to a root type'],
    ['Product.cost', 'another subgraph adds to an entity'],
    ['Book.margin', 'another subgraph adds by @interfaceObject'],
    ['Money.amount', 'two subgraphs have'],
    ['Query.reviews', 'is its own, which the supergraph does not say'],
    ['Product.rating', 'is its own, which the supergraph does not say'],
  ])('does not open %s, which %s', (field) => {
    expect(conditions(field)).toBeUndefined();
    expect(conditions(field, withDefaultAccess(book, 'authenticated'))).toEqual([
      { kind: 'authenticated' },
      persons,
    ]);
  });

  it('leaves the rules of fields as they are', () => {
    expect(conditions('Product.named')).toEqual([]);
    expect(conditions('Product.mine')).toEqual([{ kind: 'authenticated' }, persons]);
  });

  it('is no rule at the gateway: an anonymous caller gets none of those fields', () => {
    const refused = (query: string) => {
      const document = parse(query);
      const [operation] = document.definitions as [OperationDefinitionNode];
      const schema = buildASTSchema(parse(supergraph), { assumeValid: true });
      const guard = compileOperationGuard(schema, book, document, operation);
      return guard({ platform: 'none' }, {}).map(({ coordinate, reason }) => `${coordinate} ${reason}`);
    };
    expect(
      refused('{ stockValue reviews { text product { cost } } media { ... on Book { pages margin } } }'),
    ).toEqual(
      ['Query.stockValue', 'Query.reviews', 'Product.cost', 'Query.media', 'Book.margin'].map(
        (coordinate) => `${coordinate} authz.permission.deny`,
      ),
    );
  });

  it('is reported for each shared type, with what to do', () => {
    const { weaknesses } = readSupergraph(supergraph, 'public');
    expect(weaknesses.map(({ coordinate }) => coordinate).sort()).toEqual(['Money', 'Product', 'Query']);
    for (const { fault, line } of weaknesses) {
      expect(fault).toMatch(
        /\(PRODUCTS, REVIEWS\).* Put @public on the fields, or compose with signet compose/,
      );
      expect(
        supergraph.split('\n')[(line ?? 0) - 2]?.concat(supergraph.split('\n')[(line ?? 0) - 1] ?? ''),
      ).toMatch(/@public/);
    }
  });

  it('yields to a rule of the other subgraph, which needs no report', () => {
    const text = compose({
      reviews: 'type Query { t: T @public } type T @key(fields: "id") @public { id: ID! a: Int }',
      products: 'type T @key(fields: "id") @authenticated { id: ID! b: Int }',
    });
    expect(conditions('T.a', readRuleBook(parse(text)))).toEqual([{ kind: 'authenticated' }, persons]);
    expect(readSupergraph(text, 'deny').weaknesses).toEqual([]);
  });
});

test('@public on a scalar opens no field', () => {
  const text = compose({
    reviews: 'scalar Iban @public type Query { a: Int @public }',
    products: 'scalar Iban type Query { secret: Iban }',
  });
  expect(conditions('Query.secret', readRuleBook(parse(text)))).toBeUndefined();
  expect(conditions('Query.b', readRuleBook(parse('scalar S @public type Query { b: S }')))).toBeUndefined();
});

test('@public on a type opens nothing in a supergraph that does not say whose the type is', () => {
  const core = (links: string) =>
    readRuleBook(
      parse(`schema ${links} { query: Query } type Query @public { a: Int @join__field(graph: A) }`),
    );
  const join = '@core(feature: "https://specs.apollo.dev/join/v0.1")';
  expect(conditions('Query.a', core(join))).toBeUndefined();
  expect(
    conditions('Query.a', core('@link(url: "https://specs.apollo.dev/join/v0.5", as: "j")')),
  ).toBeUndefined();
  // The SDL of a subgraph is its own.
  expect(conditions('Query.a', core(''))).toEqual([]);
});
