// What does a request cost the processes of the subgraphs? npm run bench -- bench/subgraph-request.ts [seconds]
// PostgreSQL, a process of its own, is not counted. Options of Node for the subgraphs: NODE_ARGUMENTS='--cpu-prof'.
import { randomUUID } from 'node:crypto';
import { seedPassword } from '@signet/db/seed';
import { formatSignetContext, withTimeout } from '@signet/service';
import { percentile } from './support/measure.ts';
import { openRawClient, type RawClient } from './support/raw-client.ts';
import { startSubgraphs } from './support/start-subgraphs.ts';

/** A fetch, and what the next one needs of its answer. */
type Fetch = { subgraph: string; body: string; expected: string };
type Work = { name: string; limitUs: number; fetches: readonly Fetch[] };

const seconds = Number(process.argv[2] ?? 4);
const rounds = 5;
/** So many requests go before: until then, V8 compiles what becomes hot, and its threads count as the process's. */
const warmUpRequests = 4000;
/** Connections that are kept alive, each with one request at a time. */
const connections = 8;
/** In turn. */
const customers = ['ada', 'linnea.holm', 'maja.zelenko', 'aiko.tanemori'].map(
  (name) => `${name}@example.com`,
);

const { processes, signer, stop } = await startSubgraphs(
  ['auth', 'catalog', 'inventory'],
  process.env.NODE_ARGUMENTS?.split(' ') ?? [],
);
let isMissed = false;
try {
  const tokens = await signIn();
  const works: Work[] = [
    { name: 'me', limitUs: 300, fetches: [fetchOf('auth', '{me{id email}}', {}, '@example.com')] },
    { name: 'a page of 20 products', limitUs: 900, fetches: await fetchesOfPage() },
  ];
  const figures = new Map(works.map((work) => [work, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const work of works) {
      const cost = await measure(work, tokens, round === 0);
      if (round > 0) figures.get(work)?.push(cost);
    }
  }
  for (const [{ name, limitUs }, costs] of figures) {
    const median = percentile(costs, 0.5);
    isMissed ||= median > limitUs;
    const each = costs.map((cost) => cost.toFixed(0)).join(', ');
    console.log(`${name}: ${median.toFixed(0)} µs of CPU a request, limit ${limitUs} µs (${each})`);
  }
} finally {
  await stop();
}
process.exitCode = isMissed ? 1 : 0;

/** What the gateway sends for a page of products with category and stock. */
async function fetchesOfPage(): Promise<Fetch[]> {
  const products = fetchOf(
    'catalog',
    'query Page__catalog__0{_0_products:products(first:20){edges{node{__typename id sku name price{amount currency}category{name}}}}}',
    {},
    '"sku":',
  );
  const client = await openRawClient(portOf('catalog'));
  const answer = await client.ask(createRequest(products, undefined));
  client.close();
  const representations = [...answer.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => ({
    __typename: 'Product',
    id,
  }));
  if (representations.length !== 20) throw new Error(answer);
  const stock =
    'query Page__inventory__1($representations:[_Any!]!){_entities(representations:$representations){...on Product{stock{available}}}}';
  return [products, fetchOf('inventory', stock, { representations }, '"available":')];
}

function fetchOf(subgraph: string, query: string, variables: object, expected: string): Fetch {
  return { subgraph, body: JSON.stringify({ query, variables }), expected };
}

/** Sends for `seconds`, or until all is warm, and returns the CPU of all processes together for each request of a client, in µs. */
async function measure({ fetches }: Work, tokens: readonly string[], isWarmUp: boolean): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () =>
      Promise.all(fetches.map(({ subgraph }) => openRawClient(portOf(subgraph)))),
    ),
  );
  const before = await readCpu(fetches);
  const end = performance.now() + seconds * 1000;
  const counts = await Promise.all(
    clients.map(async (ofSubgraphs, index) => {
      let count = 0;
      for (; isWarmUp ? count < warmUpRequests / connections : performance.now() < end; count += 1) {
        const token = tokens[(index + count) % tokens.length];
        for (const [place, fetch] of fetches.entries()) {
          await ask(ofSubgraphs[place] as RawClient, fetch, token);
        }
      }
      return count;
    }),
  );
  const used = (await readCpu(fetches)) - before;
  for (const client of clients.flat()) client.close();
  return used / counts.reduce((sum, count) => sum + count, 0);
}

async function ask(client: RawClient, fetch: Fetch, token: string | undefined): Promise<string> {
  const answer = await client.ask(createRequest(fetch, token));
  if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(fetch.expected)) throw new Error(answer);
  return answer;
}

async function readCpu(fetches: readonly Fetch[]): Promise<number> {
  let sum = 0;
  for (const { subgraph } of fetches) sum += (await processes.get(subgraph)?.readCpu()) ?? 0;
  return sum;
}

function portOf(subgraph: string): number {
  return processes.get(subgraph)?.port as number;
}

async function signIn(): Promise<string[]> {
  const client = await openRawClient(portOf('auth'));
  const query = 'mutation($input:LoginInput!){login(input:$input){accessToken}}';
  const tokens: string[] = [];
  for (const email of customers) {
    const input = { email, password: seedPassword };
    const answer = await ask(client, fetchOf('auth', query, { input }, '"accessToken":"'), undefined);
    tokens.push(/"accessToken":"([^"]+)"/.exec(answer)?.[1] as string);
  }
  client.close();
  return tokens;
}

/** A fetch as the gateway sends it. */
function createRequest({ subgraph, body }: Fetch, token: string | undefined): string {
  const context = formatSignetContext({
    requestId: randomUUID(),
    entrance: 'graph',
    clientAddress: '203.0.113.7',
    device:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    origin: 'https://shop.example',
    hasToken: token !== undefined,
  });
  const headers = {
    'content-type': 'application/json',
    'signet-context': withTimeout(context, 9000),
    authorization: token && `Bearer ${token}`,
  };
  const message = { method: 'POST', path: '/graphql', query: '', headers, body };
  const all = { ...headers, ...signer.sign(subgraph, message), accept: 'application/json' };
  const lines = Object.entries(all).flatMap(([name, value]) => (value ? `${name}: ${value}\r\n` : []));
  return `POST /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
