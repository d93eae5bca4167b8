// Are the pages of a shop with a million products, a million customers and ten million orders as fast as those of the small seed?
// npm run bench -- subgraphs/orders/bench/big-data.ts [scale] [requests] [folder that is kept]
//
// Two whole platforms, each in a process of its own: one with the seed's rows, one with the many. Each page is asked for over HTTP, one
// request at a time and of both in turn, so that other work on the machine meets both. A scale of 0.1 is a tenth. With a folder, the
// filled database stays there, and the next run measures it again.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRunningPostgres } from '@signet/db/embedded';
import { seedPassword } from '@signet/db/seed';
import pg from 'pg';
import { readProcessTree } from '../../../bench/compare/process-cpu.ts';
import { createPost, type Post, percentile, time } from '../../../bench/support/measure.ts';
import { type PlatformProcess, startPlatformProcess } from '../../../bench/support/start-platform-process.ts';
import { fillShop, scaleOf } from './big-shop.ts';

const [scale = 1, requests = 300] = process.argv.slice(2).map(Number);
const allowedRatio = 4;

type Page = { name: string; entrance: 'user' | 'portal'; query: string; variables?: (n: number) => object };

const products = `edges{node{id name price{amount currency}category{name}stock{available}}}pageInfo{endCursor}`;
const list = (name: string, variables?: Page['variables']): Page => ({
  name,
  entrance: 'user',
  query: `query($first:Int!,$sort:ProductSort,$filter:ProductFilter){products(first:$first,sort:$sort,filter:$filter){${products}}}`,
  variables: (n) => ({ first: 20, ...variables?.(n) }),
});
const customers = (name: string, fields: string, search?: (n: number) => string): Page => ({
  name,
  entrance: 'portal',
  query: `query($search:String){customers(search:$search){edges{node{id email fullName isActive}}${fields}}}`,
  variables: (n) => ({ search: search?.(n) }),
});
const slugs = ['kitchen', 'lighting', 'bedding-and-bath'];
const pages: readonly Page[] = [
  list('products by name, with category and stock'),
  list('products, cheapest first', () => ({ sort: 'PRICE_ASC' })),
  list('products, newest first', () => ({ sort: 'NEWEST' })),
  list('products of a category', (n) => ({ filter: { category: slugs[n % slugs.length] } })),
  list('products of a category that is not there', () => ({ filter: { category: 'nowhere' } })),
  {
    name: 'products of a category, counted',
    entrance: 'user',
    query: `query($c:String){products(filter:{category:$c}){totalCount ${products}}}`,
    variables: (n) => ({ c: slugs[n % slugs.length] }),
  },
  list('products searched for, many have it', (n) => ({ filter: { text: ['lamp', 'glass', 'oak'][n % 3] } })),
  list('products searched for, one has it', (n) => ({ filter: { text: `bowl ${1000 + n}` } })),
  list('products searched for, none has it', (n) => ({ filter: { text: `sofa ${1000 + n}` } })),
  list('products searched for, many have it, all far behind', () => ({ filter: { text: 'zenit' } })),
  {
    name: 'me with orders',
    entrance: 'user',
    query: `{me{email orders(first:20){edges{node{id status placedAt items{quantity product{name}}}}}}}`,
  },
  customers('customers', ''),
  customers('customers, counted', 'totalCount'),
  customers('customers searched for, many match', '', (n) => ['ada', 'example'][n % 2] as string),
  customers('customers searched for, many match, all far behind', '', () => 'schmidt'),
  customers('customers searched for, one matches', '', (n) => `weber${1000 + n}`),
  customers(
    'customers searched for, few match, counted',
    'totalCount',
    (n) => ['ada lopez', 'zz'][n % 2] as string,
  ),
  customers('customers searched for, many match, counted', 'totalCount', () => 'kaya'),
  {
    name: "a customer's orders, by staff",
    entrance: 'portal',
    query: `query($s:String){customers(first:3,search:$s){edges{node{email orders(first:5){edges{node{id status}}}}}}}`,
    variables: () => ({ s: 'ada' }),
  },
  {
    name: 'orders, latest first',
    entrance: 'portal',
    query: '{orders(first:20){edges{node{id status placedAt}}}}',
  },
  {
    name: 'orders to be shipped',
    entrance: 'portal',
    query: '{orders(first:20,status:PLACED){edges{node{id placedAt}}}}',
  },
  {
    name: 'dashboard',
    entrance: 'portal',
    query:
      '{dashboard{customers supportNotes orders{placed shipped placedLastDay}products{outOfStock lowOnStock}}}',
  },
  {
    name: 'dashboard, charts of 30 days',
    entrance: 'portal',
    query:
      'query($r:DashboardRange!){dashboard{signIns(range:$r){series{name values}}refusals(range:$r){series{name values}}throttles(range:$r){series{name values}}accounts(range:$r){series{name values}}lag(range:$r){series{name values}}ordersPlaced(range:$r){series{name values}}}}',
    variables: () => ({ r: 'MONTH' }),
  },
];

const kept = process.argv[4];
const isFilled = kept !== undefined && existsSync(join(kept, 'filled'));
await onPlatform(undefined, (small) =>
  onPlatform(kept, async (large) => {
    await onDatabase(large, async (client) => {
      if (!isFilled) await fill(client);
      await copyForSearch(client);
      await countAgain(client);
    });
    await compare([await openShop(small), await openShop(large)]);
  }),
);

async function onPlatform<T>(
  home: string | undefined,
  fn: (platform: PlatformProcess) => Promise<T>,
): Promise<T> {
  const settings = { LOG_LEVEL: 'warn', ...(home !== undefined && { SIGNET_HOME: home }) };
  const platform = await startPlatformProcess({}, settings);
  try {
    return await fn(platform);
  } finally {
    await platform.stop();
  }
}

type Shop = {
  posts: Record<Page['entrance'], Post>;
  tokens: Record<Page['entrance'], string>;
  server: number;
};

async function openShop({ portBase, env }: PlatformProcess): Promise<Shop> {
  const posts = {
    user: createPost(`http://127.0.0.1:${portBase + 1}/graphql`),
    portal: createPost(`http://127.0.0.1:${portBase + 2}/graphql`),
  };
  const tokens = {
    user: await signIn(posts.user, 'login', 'ada@example.com'),
    portal: await signIn(posts.portal, 'portalLogin', 'admin@example.com'),
  };
  const lock = await readFile(join(env.SIGNET_HOME as string, 'postgres/postmaster.pid'), 'utf8');
  return { posts, tokens, server: Number(lock.split('\n')[0]) };
}

async function signIn(post: Post, field: string, email: string): Promise<string> {
  const query = `mutation($email:String!,$password:String!){result:${field}(input:{email:$email,password:$password}){accessToken}}`;
  const { data, errors } = await post(query, { email, password: seedPassword });
  const token = (data as { result?: { accessToken: string } } | null)?.result?.accessToken;
  if (token === undefined) throw new Error(`${field}: ${JSON.stringify(errors)}`);
  return token;
}

/** Prints a row for each page. A page over the goal, or with an error, fails the run. */
async function compare(shops: readonly [Shop, Shop]): Promise<void> {
  console.log(
    `| page, in ms | p50, p99 (CPU of PostgreSQL) with the seed | with ${JSON.stringify(scaleOf(scale))} | p50 × | p99 × |`,
  );
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const page of pages) {
    const [small, large] = await measurePage(page, shops);
    const ratio = large.p99 / small.p99;
    if (!(ratio <= allowedRatio)) process.exitCode = 1;
    console.log(
      `| ${page.name} | ${show(small)} | ${show(large)} | ${(large.p50 / small.p50).toFixed(1)} | ${ratio.toFixed(1)} |`,
    );
  }
}

/** CPU: of PostgreSQL, a request, in ms. */
type Times = { p50: number; p99: number; cpu: number };

/** Of both shops, asked in turn. A page that takes seconds has told enough after some. */
async function measurePage(page: Page, shops: readonly [Shop, Shop]): Promise<[Times, Times]> {
  const { name, entrance, query, variables } = page;
  const ask = async ({ posts, tokens }: Shop, n: number) => {
    const answer = await posts[entrance](query, variables?.(n) ?? {}, tokens[entrance]);
    if (!answer.errors) return;
    process.exitCode = 1;
    console.log(`${name}: ${JSON.stringify(answer.errors)}`);
  };
  const warm = performance.now() + 10_000;
  for (let n = 0; n < 30 && performance.now() < warm; n++) for (const shop of shops) await ask(shop, n);
  const cpuOf = ({ server }: Shop) => readProcessTree(server).cpuSeconds * 1000;
  const times: [number[], number[]] = [[], []];
  const before = shops.map(cpuOf);
  const end = performance.now() + 20_000;
  for (let n = 0; n < requests && performance.now() < end; n++) {
    times[0].push(await time(() => ask(shops[0], n)));
    times[1].push(await time(() => ask(shops[1], n)));
  }
  const figuresOf = (shop: 0 | 1): Times => ({
    p50: percentile(times[shop], 0.5),
    p99: percentile(times[shop], 0.99),
    cpu: (cpuOf(shops[shop]) - (before[shop] ?? 0)) / times[shop].length,
  });
  return [figuresOf(0), figuresOf(1)];
}

function show({ p50, p99, cpu }: Times): string {
  return `${p50.toFixed(1)}, ${p99.toFixed(1)} (${cpu.toFixed(1)})`;
}

async function onDatabase({ env }: PlatformProcess, fn: (client: pg.Client) => Promise<void>): Promise<void> {
  const url = await findRunningPostgres(join(env.SIGNET_HOME as string, 'postgres'));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await fn(client);
  } finally {
    await client.end();
  }
}

async function fill(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ tenant: string; owner: string }>(
    `select t.id as tenant, u.id as owner from auth.tenant t join auth.user u on u.tenant_id = t.id
     where t.slug = 'demo' and u.email = 'ada@example.com'`,
  );
  const [found] = rows;
  if (!found) throw new Error('the tenant demo is not there');
  await fillShop(client, found.tenant, { ...scaleOf(scale), ownerId: found.owner });
  const { rows: sizes } = await client.query(
    `select c.oid::regclass::text as table, pg_size_pretty(pg_total_relation_size(c.oid)) as size, reltuples::bigint as rows from pg_class c
     where relkind = 'r' and reltuples > 10000 order by pg_total_relation_size(c.oid) desc`,
  );
  console.table(sizes);
  if (kept !== undefined) await writeFile(join(kept, 'filled'), '');
}

/** As housekeeping of auth does within an hour or two of an upgrade. */
async function copyForSearch(client: pg.Client): Promise<void> {
  let copied = 0;
  const seconds = await time(async () => {
    for (let batch = 1; batch > 0; copied += batch) {
      const { rows } = await client.query<{ batch: number }>(
        'select auth.copy_customers_for_search(1000) as batch',
      );
      batch = rows[0]?.batch ?? 0;
    }
    if (copied > 0) await client.query('vacuum analyze auth.user_search');
  });
  if (copied > 0) console.log(`${copied} customers made searchable in ${(seconds / 1000).toFixed(0)} s`);
}

/** As after an upgrade: what was there before is counted within two minutes, by housekeeping. Rows were added without triggers. */
async function countAgain(client: pg.Client): Promise<void> {
  const schemas = ['portal', 'orders', 'inventory'];
  const begin = performance.now();
  for (const schema of schemas) await client.query(`delete from ${schema}.tally_counted`);
  const uncounted = schemas.map(
    (schema) =>
      `select from auth.tenant t where not exists (select from ${schema}.tally_counted c where c.tenant_id = t.id)`,
  );
  for (let isDone = false; !isDone; ) {
    await sleep(500);
    const { rows } = await client.query(`select not exists (${uncounted.join(' union all ')}) as done`);
    isDone = rows[0].done;
  }
  console.log(`counted ${((performance.now() - begin) / 1000).toFixed(0)} s after the upgrade`);
}
