/** What a request sends: a document, and variables where it has some. */
export type HostileRequest = {
  who?: 'customer' | 'staff';
  query: string;
  variables?: Record<string, unknown>;
};

/**
 * By what they are. Within 256 KB, the most that a body may have, and the 20,000 tokens that the parser takes. `seed` makes a
 * document that was never seen.
 */
export const hostileRequests: Record<string, (seed: string) => HostileRequest> = {
  'fragments that spread fragments twice, 18 deep': (seed) => ({
    query: `{ ...f0${seed} } ${range(18)
      .map(
        (index) => `fragment f${index}${seed} on Query { ...f${index + 1}${seed} ...f${index + 1}${seed} }`,
      )
      .join(' ')} fragment f18${seed} on Query { products(first: 1) { totalCount } }`,
  }),
  'a thousand fragments that are spread side by side': (seed) => ({
    query: `{ ${range(1000)
      .map((index) => `...f${index}${seed}`)
      .join(' ')} } ${range(1000)
      .map((index) => `fragment f${index}${seed} on Query { products(first: 1) { totalCount } }`)
      .join(' ')}`,
  }),
  'fragments in a circle': (seed) => ({
    query: `{ ...f0${seed} } ${range(500)
      .map((index) => `fragment f${index}${seed} on Query { ...f${(index + 1) % 500}${seed} }`)
      .join(' ')}`,
  }),
  '1,600 aliases of one field': (seed) => ({
    query: `{ ${range(1600)
      .map((index) => `a${index}${seed}: products(first: 1) { totalCount }`)
      .join(' ')} }`,
  }),
  'one field nine thousand times': (seed) => ({
    query: `query q${seed} { products(first: 1) { ${'totalCount '.repeat(9000)} } }`,
  }),
  'fields that may not be merged': (seed) => ({
    query: `query q${seed} { ${range(2000)
      .map((index) => `products(first: ${index}) { totalCount }`)
      .join(' ')} }`,
  }),
  'names that the schema does not have': (seed) => ({
    query: `{ ${range(15_000)
      .map((index) => `x${index}${seed}`)
      .join(' ')} }`,
  }),
  'inline fragments 300 deep': (seed) => ({
    query: `query q${seed} { ${'... on Query { '.repeat(300)} __typename ${'}'.repeat(300)} }`,
  }),
  'fields 500 deep': (seed) => ({
    query: `query q${seed} { products { edges { node ${'{ a'.repeat(500)} ${'}'.repeat(500)} } } }`,
  }),
  'a string of 250 KB': (seed) => ({
    query: `{ products(search: "${seed}${'x'.repeat(250_000)}") { totalCount } }`,
  }),
  'comments of 200 KB': (seed) => ({
    query: `{ __typename } ${`#${seed},\n`.repeat(200_000 / (seed.length + 3))}`,
  }),
  'three thousand variables': (seed) => ({
    query: `query q${seed}(${range(3000)
      .map((index) => `$v${index}: Boolean`)
      .join(' ')}) { __typename ${range(3000)
      .map((index) => `@include(if: $v${index})`)
      .slice(0, 5)
      .join(' ')} }`,
  }),
  'a thousand variables that are used, and 100 KB of their values': (seed) => ({
    query: `query q${seed}(${range(1000)
      .map((index) => `$v${index}: Int`)
      .join(' ')}) { ${range(1000)
      .map((index) => `a${index}: products(first: $v${index}) { totalCount }`)
      .join(' ')} }`,
    variables: Object.fromEntries(range(1000).map((index) => [`v${index}`, 'x'.repeat(100)])),
  }),
  'a list of 6,000 objects in a variable': (seed) => ({
    who: 'customer',
    query: `mutation q${seed}($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }`,
    variables: {
      input: { idempotencyKey: seed, items: range(6000).map(() => ({ productId: '1', quantity: 1 })) },
    },
  }),
  'the schema in the schema, five lists inside one another': (seed) => ({
    query: `query q${seed} { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }`,
  }),
  'the schema, three lists inside one another, under a hundred names': (seed) => ({
    query: `query q${seed} { ${range(100)
      .map(
        (index) => `s${index}: __schema { types { fields { args { type { name kind ofType { name } } } } } }`,
      )
      .join(' ')} }`,
  }),
  'the schema by the types of fields of types': (seed) => ({
    query: `query q${seed} { ${range(300)
      .map((index) => `s${index}: __schema { types { fields { type { fields { name description } } } } }`)
      .join(' ')} }`,
  }),
  'the schema beside data': (seed) => ({
    query: `query q${seed} { products(first: 1) { edges { cursor } } ${range(300)
      .map((index) => `s${index}: __schema { types { fields { type { name } } } }`)
      .join(' ')} }`,
  }),
};

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
