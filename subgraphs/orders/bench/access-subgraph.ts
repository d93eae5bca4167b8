// What do guards add to the time of a subgraph? A page of 50 orders, from PostgreSQL. npm run bench -- subgraphs/orders/bench/access-subgraph.ts [rounds]
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createRelationChecker, guardSchema, readRuleBook, sessionOf } from '@signet/access';
import {
  createDatabase,
  createRelationStore,
  createRoles,
  migrateToLatest,
  openProcessDatabase,
  type ProcessRole,
  processRoles,
  roleUrl,
} from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { readSubgraphSdl } from '@signet/schema/sdl';
import { createLogger } from '@signet/service';
import { startSubgraphServer } from '@signet/subgraph';
import { parse } from 'graphql';
import { sql } from 'kysely';
import { createPost, percentile, time } from '../../../bench/support/measure.ts';
import { createLoaders } from '../src/context.ts';
import { policies } from '../src/policies.ts';
import { resolvers } from '../subgraph.ts';

const rounds = Number(process.argv[2] ?? 400);
const warmUp = 100;
const allowedShare = 0.1;
const query = `{ myOrders(first: 50) {
  edges { cursor node {
    id status placedAt total { amount currency } customer { id }
    items { quantity unitPrice { amount currency } lineTotal { amount currency } product { id } }
  } }
  pageInfo { hasNextPage endCursor }
} }`;

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'));
await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0, durable: false });
const stops: (() => Promise<unknown>)[] = [];
try {
  const session = { ...sessionOf('user'), tenantId: randomUUID(), userId: randomUUID() };
  if (session.platform !== 'user') throw new Error('not a customer');
  const passwords = Object.fromEntries(
    processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
  ) as Record<ProcessRole, string>;
  await createRoles(postgres.adminUrl, passwords);
  await migrateToLatest(postgres.adminUrl);
  await addOrders(postgres.adminUrl, session.tenantId, session.userId);

  const logger = createLogger('bench', 'silent');
  const url = roleUrl(postgres.adminUrl, 'signet_orders', passwords.signet_orders);
  const database = openProcessDatabase(url, { name: 'bench', log: logger });
  stops.push(() => database.close());
  const relations = createRelationStore(database.db);
  const start = async (isGuarded: boolean) => {
    const typeDefs = parse(readSubgraphSdl('orders'));
    const schema = buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]);
    const server = await startSubgraphServer({
      logger,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      introspection: false,
      proof: undefined,
      readiness: [],
      schema: isGuarded ? guardSchema(schema, readRuleBook(typeDefs), policies as never) : schema,
      createContext: async () => ({
        session,
        tenantId: session.tenantId,
        db: database.db,
        loaders: createLoaders(database.db, session.tenantId),
        relations: createRelationChecker(relations, session.tenantId),
      }),
    });
    stops.unshift(() => server.stop());
    return createPost(`${server.url}/graphql`);
  };
  const posts = { unguarded: await start(false), guarded: await start(true) };
  const times = { unguarded: [] as number[], guarded: [] as number[] };
  for (let round = 0; round < rounds + warmUp; round++) {
    const order = round % 2 === 0 ? (['unguarded', 'guarded'] as const) : (['guarded', 'unguarded'] as const);
    for (const name of order) {
      const taken = await time(async () => {
        const { data, errors } = await posts[name](query);
        const { edges } = (data as { myOrders: { edges: unknown[] } }).myOrders;
        if (errors || edges.length !== 50) throw new Error('not the page that was expected');
      });
      if (round >= warmUp) times[name].push(taken);
    }
  }
  const medians = { unguarded: percentile(times.unguarded, 0.5), guarded: percentile(times.guarded, 0.5) };
  // Each round by itself: other work on the machine slows both halves of a round alike.
  const ratios = times.guarded.map((taken, round) => taken / (times.unguarded[round] ?? Number.NaN));
  const share = percentile(ratios, 0.5) - 1;
  console.log(
    `A page of 50 orders, ${rounds} rounds: medians ${medians.unguarded.toFixed(2)} ms without guards, ${medians.guarded.toFixed(2)} ms with them; ${(100 * share).toFixed(1)} % more in the median round (allowed ${100 * allowedShare} %)`,
  );
  if (share > allowedShare) process.exitCode = 1;
} finally {
  for (const stop of stops) await stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Sixty orders of three items each. */
async function addOrders(adminUrl: string, tenantId: string, userId: string): Promise<void> {
  const db = createDatabase(adminUrl);
  await sql`insert into auth.tenant (id, slug, name) values (${tenantId}, 'bench', 'Bench')`.execute(db);
  await sql`insert into auth.user (id, tenant_id, email, password_hash, pepper_id)
    values (${userId}, ${tenantId}, 'ada@example.com', 'x', 'x')`.execute(db);
  await sql`with category as (
      insert into catalog.category (tenant_id, slug, name) values (${tenantId}, 'all', 'All') returning id
    ) insert into catalog.product (tenant_id, category_id, sku, name, price_amount, currency)
      select ${tenantId}, id, n::text, 'Lamp', 100, 'EUR' from category, generate_series(1, 3) as n`.execute(
    db,
  );
  await sql`with placed as (
      insert into orders.order (tenant_id, user_id, total_amount, currency)
      select ${tenantId}, ${userId}, 600, 'EUR' from generate_series(1, 60) returning id, tenant_id
    )
    insert into orders.order_item (tenant_id, order_id, position, product_id, quantity, unit_price_amount)
    select placed.tenant_id, placed.id, sku::integer, product.id, sku::integer, 100
    from placed, catalog.product`.execute(db);
  await db.destroy();
}
