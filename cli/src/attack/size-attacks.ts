import { type Attack, type Reply, repeat, shorten, tooMuch, tooMuchDocument } from '@signet/testing/attack';

const guess = 'login(input: { email: "nobody@example.com", password: "a wrong password" }) { accessToken }';
/** A page of a page of a page: customers, their notes, the notes' authors. */
const notes = 'supportNotes(first: 100) { edges { node { author { email } } } }';

/** Requests that are small or large, and ask for much more than anybody needs. */
export const sizeAttacks: readonly Attack[] = [
  tooMuchDocument('1,000 aliases', 'a field under a thousand names', `{ ${repeat(1000, 'a%: __typename')} }`),
  tooMuchDocument(
    '300 pages',
    'a page of 100 customers under 300 names',
    `{ ${repeat(300, 'a%: customers(first: 100) { edges { node { id } } }')} }`,
    { by: 'staff' },
  ),
  tooMuchDocument(
    '20 expensive pages',
    'as many aliases as a frontend may use, each a page of 100 with what another subgraph knows',
    `{ ${repeat(20, `a%: customers(first: 100) { edges { node { createdAt ${notes} } } }`)} }`,
    { by: 'staff' },
  ),
  tooMuchDocument(
    '100 sign-ins by alias',
    'a hundred guesses in a request',
    `mutation { ${repeat(100, `a%: ${guess}`)} }`,
  ),
  tooMuchDocument('2 sign-ins by alias', 'two guesses in a request', `mutation { a: ${guess} b: ${guess} }`),
  tooMuchDocument(
    'sign-ins by fragments',
    'guesses in fragments and inline fragments',
    `mutation { ...A ... on Mutation { b: ${guess} } } fragment A on Mutation { a: ${guess} }`,
  ),
  tooMuch('sign-ins by batch', 'an array of ten guesses', ({ graph }) =>
    graph.post(JSON.stringify(Array(10).fill({ query: `mutation { ${guess} }` }))),
  ),
  tooMuchDocument(
    'pages in pages',
    'notes about customers, 100 of each of 100, under two names',
    `{ customers(first: 100) { edges { node { a: ${notes} b: ${notes} } } } }`,
    { by: 'staff' },
  ),
  tooMuchDocument(
    'a page of a million',
    'customers(first: 1000000)',
    '{ customers(first: 1000000) { edges { node { id } } } }',
    { by: 'staff' },
  ),
  tooMuchDocument(
    'fragment cycle',
    'fragments that spread one another',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A __typename }',
  ),
  tooMuchDocument(
    'fragment bomb',
    '100 fragments, each of which spreads the next one twice',
    `{ ...f0 } ${repeat(99, 'fragment f% on Query { ...f& ...f& }')} fragment f99 on Query { me { id } }`,
  ),
  tooMuchDocument(
    'fragment bomb of 1,000',
    '1,000 fragments, each of which spreads the next one twice',
    `{ ...f0 } ${repeat(1000, 'fragment f% on Query { ...f& ...f& }')} fragment f1000 on Query { me { id } }`,
  ),
  tooMuchDocument(
    'directive bomb',
    '5,000 directives at a field',
    `{ me ${repeat(5000, '@include(if: true)')} { id } }`,
  ),
  tooMuchDocument('field bomb', 'a field 20,000 times, to be merged', `{ me { ${'id '.repeat(20_000)} } }`),
  tooMuchDocument(
    'conflicts bomb',
    'fields that must be compared with one another, nested',
    `{ ${'customers { edges { node { supportNotes { edges { node { author { id '.repeat(30)} ${'} } } } } } }'.repeat(30)} }`,
    { by: 'staff' },
  ),
  tooMuchDocument('token bomb', '200 KB of names', `{ ${'a '.repeat(100_000)} }`),
  tooMuchDocument('comment bomb', '200 KB of comments', `${'#\n'.repeat(100_000)}{ me { id } }`),
  tooMuchDocument('operation bomb', '1,000 operations', repeat(1000, 'query q% { me { id } }')),
  tooMuchDocument('variable bomb', '5,000 variables', `query (${repeat(5000, '$v%: Int')}) { me { id } }`),
  tooMuch('body of 20 MB', 'a document as large as films', ({ graph }) =>
    graph.post(`{"query":"{ ${'a '.repeat(10_000_000)} }"}`).catch(() => closed),
  ),
  tooMuchDocument('bracket bomb', '100,000 selections inside one another', '{a'.repeat(100_000)),
  tooMuchDocument(
    'list bomb',
    '100,000 lists inside one another, as a literal',
    `{ customers(search: ${'['.repeat(100_000)}) { totalCount } }`,
    { by: 'staff' },
  ),
  tooMuchDocument(
    'type bomb',
    '50,000 list types inside one another',
    `query ($a: ${'['.repeat(50_000)}Int) { me { id } }`,
  ),
  tooMuch('JSON bomb', '100,000 lists inside one another, as a variable', ({ graph }) =>
    graph.post(`{"query":"{ me { id } }","variables":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
  ),
  tooMuchDocument(
    'introspection of types of types',
    '__type.fields.type.fields… ten times',
    `{ __type(name: "Query") ${'{ fields { type '.repeat(10)} { name } ${'} }'.repeat(10)} }`,
  ),
  tooMuchDocument(
    'planner bomb',
    'fields of two subgraphs under many names inside many names',
    `{ ${repeat(15, 'a%: customers(first: 1) { edges { node { ...U } } }')} } fragment U on User { ${repeat(15, 'c%: supportNotes(first: 1) { edges { node { author { email role } } } }')} emailVerified }`,
    { by: 'staff' },
  ),
  {
    name: 'as expensive as allowed',
    tried: 'operations just within the limits, each planned for the first time: are others served?',
    async run({ graph, staff: token }) {
      const bombs = [
        `{ ${repeat(8, 'a%: customers(first: 100) { edges { node { createdAt emailVerified } } }')} }`,
        `{ customers(first: 20) { edges { node { ${repeat(7, 'n%: supportNotes(first: 10) { edges { node { author { email } } } }')} } } } }`,
      ];
      // A comment makes each a document that nobody has seen.
      const replies = await Promise.all(
        bombs.flatMap((query) =>
          [1, 2, 3].map((n) => graph.ask(`# ${Date.now()} ${n}\n${query}`, { token })),
        ),
      );
      const broken = replies.find(({ status }) => ![200, 400, 503].includes(status));
      return broken && `HTTP ${broken.status}: ${shorten(broken.text)}`;
    },
  },
];

/** The connection was closed while the body was sent, which is a refusal like 413. */
const closed: Reply = { status: 413, headers: new Headers(), text: '', body: undefined, ms: 0 };
