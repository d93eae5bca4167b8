import {
  type Attack,
  prototypeNames,
  repeat,
  shorten,
  tooMuchDocument,
  trickyTexts,
  wonByTexts,
} from '@signet/testing/attack';

/** Behind the most expensive product there can be: a page has no product, and need not look for any. */
const lastCursor = Buffer.from(
  JSON.stringify(['products:PRICE_ASC', 2_147_483_647, 'ffffffff-ffff-4fff-bfff-ffffffffffff']),
).toString('base64url');

/** For three searches and counts at once, also on a machine that has more to do. */
const allowedSearchMs = 5000;

/** What `signet attack` tries of the catalog, which strangers may read. */
export const attacks: readonly Attack[] = [
  {
    name: 'context through the gateway, for products',
    tried: "Signet-Context of the own making: another tenant's products",
    async run({ graph }) {
      const query = '{ products(first: 1) { totalCount edges { node { id } } } }';
      const honest = await graph.ask(query);
      const forged = await graph.ask(query, {
        headers: { 'signet-context': 'tenant="globex", entrance=portal' },
      });
      return forged.text === honest.text ? undefined : `the answer differs: ${shorten(forged.text)}`;
    },
  },
  {
    name: '__proto__ as an alias of products',
    tried: 'aliases of fields of catalog and inventory',
    async run({ graph }) {
      const query = '{ products(first: 1) { edges { node { name } } } }';
      const honest = await graph.ask(query);
      for (const name of prototypeNames) {
        const reply = await graph.ask(
          `{ ${name}: products(first: 1) { ${name}: edges { ${name}: node { ${name}: name stock { ${name}: available } } } } }`,
        );
        const isRight = reply.status === 200 && reply.text.split(`"${name}"`).length === 6;
        if (!isRight && reply.status !== 400) return `HTTP ${reply.status}: ${shorten(reply.text)}`;
      }
      const after = await graph.ask(query);
      return after.text === honest.text ? undefined : `others are answered ${shorten(after.text)}`;
    },
  },
  {
    name: '__proto__ as a key of a filter',
    tried: 'keys of the filter of products, literal and by variable',
    async run({ graph }) {
      for (const name of prototypeNames) {
        for (const { status, text } of [
          await graph.post(
            `{"query":"query ($f: ProductFilter) { products(filter: $f) { totalCount } }","variables":{"f":{"${name}":{"polluted":"yes"}}}}`,
          ),
          await graph.ask(`{ products(filter: { ${name}: { polluted: 1 } }) { totalCount } }`),
        ]) {
          if (status >= 500 || text.includes('polluted')) return `HTTP ${status}: ${shorten(text)}`;
        }
      }
      return undefined;
    },
  },
  {
    name: 'texts of errors of the catalog',
    tried: 'wrong filters and cursors: no stack, path, URL, query or library in an answer',
    run: ({ graph }) =>
      wonByTexts([
        ...trickyTexts.flatMap((text) => [
          () =>
            graph.ask('query ($t: String) { products(filter: { text: $t }) { totalCount } }', {
              variables: { t: text },
            }),
          () =>
            graph.ask('query ($a: String) { products(after: $a) { totalCount } }', {
              variables: { a: text },
            }),
        ]),
        () => graph.ask('{ products(first: 99999999999) { totalCount } }'),
      ]),
  },
  tooMuchDocument(
    '300 pages of products',
    'a page of 100 products under 300 names',
    `{ ${repeat(300, 'a%: products(first: 100) { edges { node { id } } }')} }`,
  ),
  tooMuchDocument(
    '20 expensive pages of products',
    'as many aliases as a frontend may use, each a page of 100 with prices and stock',
    `{ ${repeat(20, 'a%: products(first: 100) { edges { node { name price { amount } stock { available } } } }')} }`,
  ),
  tooMuchDocument(
    '20 searches and counts of products',
    'as many aliases as a frontend may use, each a search of its own that is counted',
    `{ ${repeat(20, 'a%: products(first: 1, filter: { text: "%a" }) { totalCount }')} }`,
  ),
  {
    name: 'searches and counts of products as expensive as allowed',
    tried: 'letters that many products have, that few have, and signs: is each answered, and soon?',
    async run({ graph }) {
      const searches = [
        ...['e', 'zq', '%', 'x'.repeat(100), "' & 'a':*", '灯'].map((text) => ({ text, after: undefined })),
        { text: 'e', after: lastCursor },
      ];
      for (const { text, after } of searches) {
        const query = `query ($t: String, $after: String) { ${repeat(3, 'a%: products(first: 100, sort: PRICE_ASC, after: $after, filter: { text: $t }) { totalCount totalCountIsExact edges { node { id } } }')} }`;
        const { status, ms, text: answer } = await graph.ask(query, { variables: { t: text, after } });
        if (status !== 200 || answer.includes('"errors"')) return `HTTP ${status}: ${shorten(answer)}`;
        if (ms > allowedSearchMs) return `${JSON.stringify(text)} took ${Math.round(ms)} ms`;
      }
      return undefined;
    },
  },
  tooMuchDocument(
    'a page of a million products',
    'products(first: 1000000)',
    '{ products(first: 1000000) { edges { node { id } } } }',
  ),
];
