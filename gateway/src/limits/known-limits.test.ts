import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { shopSupergraph } from '../entrance/shop-graph.test-support.ts';
import { defaultLimits, readGraph } from './documents.test-support.ts';
import { createKnownLimits } from './known-limits.ts';
import { assertJsonWithinLimits, assertWithinLimits } from './operation-limits.ts';

const { schema, book } = readGraph(shopSupergraph('graph'));

/** What the entrance says with and without remembering, for the same requests one after the other. */
function judge(query: string, requests: readonly Record<string, unknown>[], limits = {}) {
  const document = parse(query);
  const operation = getOperationAST(document, document.definitions.length > 1 ? 'A' : undefined);
  if (!operation) throw new Error('no operation');
  const config = { ...defaultLimits, ...limits };
  const costOf = createKnownLimits({ schema, book, config, document, operation });
  const anew = (variables: Record<string, unknown>) => {
    try {
      return assertWithinLimits({ schema, document, operation, variables }, book, config)?.cost;
    } catch {
      return undefined;
    }
  };
  return { known: requests.map((variables) => costOf(variables, {})), anew: requests.map(anew) };
}

/** Values of every kind, honest and odd, in an order in which what was remembered meets what it must not be taken for. */
const odd = [1, 2, 0, null, '5', 5, 200, 201, -1, -300, 1.5, 1e12, true, [], [5], {}, { a: 1 }, '', 'text'];

describe('limits that were measured before', () => {
  it.each([
    ['a page size', 'query ($v: Int) { products(first: $v) { edges { node { id category { id } } } } }'],
    ['its default', 'query ($v: Int = 150) { products(first: $v) { edges { node { id } } } }'],
    [
      'a page in a page',
      'query ($v: Int!) { me { orders(first: $v) { edges { node { items { product { id } } } } } } }',
    ],
    ['a weighted argument', 'query ($v: String) { products(first: 1, near: $v) { totalCount } }'],
    ['an input object', 'query ($v: ProductFilter) { products(first: 1, filter: $v) { totalCount } }'],
    [
      'a list of input objects',
      'query ($v: [ProductFilter!]) { products(first: 1, anyOf: $v) { totalCount } }',
    ],
    [
      'a value in an input object',
      'query ($v: String) { products(first: 1, filter: { text: $v }) { totalCount } }',
    ],
    ['another operation', 'query A { me { id } } query B($v: Int) { products(first: $v) { totalCount } }'],
    ['nothing', '{ me { id } }'],
  ])('hold as if they were measured anew, for a variable that is %s', (_title, query) => {
    const filters = [
      { text: 'a' },
      { text: null },
      { category: 'a' },
      { category: 'a', text: 'b' },
      { other: 1 },
    ];
    const values = [...odd, ...filters, filters, [filters[1]], [{ text: 'a' }, { text: 'b' }]];
    const requests = [{}, ...values.map((v) => ({ v })), { w: 1 }];
    for (const limits of [{ LIMIT_COST: 20 }, { LIMIT_COST: 400 }, { LIMIT_COST: 800 }, {}]) {
      const { known, anew } = judge(query, [...requests, ...requests], limits);
      expect(known).toEqual(anew);
    }
  });

  it('are told apart by the fields that an input object has a value for', () => {
    const query = 'query ($v: ProductFilter) { products(first: 1, filter: $v) { totalCount } }';
    const cheap = { v: { category: 'a', text: null } };
    const dear = { v: { category: 'a', text: 'a' } };
    const { known } = judge(query, [cheap, dear, cheap], { LIMIT_COST: 400 });
    expect(known).toEqual([expect.any(Number), undefined, expect.any(Number)]);
  });

  it('count what each request holds', () => {
    const deep = { other: [[[[[[[[[[1]]]]]]]]]] };
    expect(() => assertJsonWithinLimits(deep, defaultLimits)).toThrow();
    const { known } = judge('{ me { id } }', [{}, deep, {}]);
    expect(known).toEqual([expect.any(Number), undefined, expect.any(Number)]);
    const long = { v: Array.from({ length: 201 }, () => ({})) };
    expect(judge('{ me { id } }', [{ v: [{}] }, long]).known).toEqual([expect.any(Number), undefined]);
  });

  it('count the extensions of each request', () => {
    const document = parse('{ me { id } }');
    const operation = getOperationAST(document);
    if (!operation) throw new Error('no operation');
    const costOf = createKnownLimits({ schema, book, config: defaultLimits, document, operation });
    expect([{}, { a: [[[[[[[[[[1]]]]]]]]]] }, undefined].map((extensions) => costOf({}, extensions))).toEqual(
      [expect.any(Number), undefined, expect.any(Number)],
    );
  });

  it('are kept for a bounded number of shapes', () => {
    const query = 'query ($v: Int) { products(first: $v) { totalCount } }';
    const many = Array.from({ length: 300 }, (_, v) => ({ v }));
    const { known, anew } = judge(query, [...many, ...many]);
    expect(known).toEqual(anew);
  });
});
