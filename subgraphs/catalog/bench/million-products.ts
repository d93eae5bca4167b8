// Does a shop of a million products answer every page, search and count in time? npm run bench -- subgraphs/catalog/bench/million-products.ts [products] [rounds]
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createDatabase,
  createRoles,
  inTenant,
  migrateToLatest,
  type ProcessRole,
  processRoles,
  roleUrl,
} from '@signet/db';
import { startEmbeddedPostgres } from '@signet/db/embedded';
import { percentile, time } from '../../../bench/support/measure.ts';
import { productOrders } from '../src/product-orders.ts';
import { countProducts, findProductPage, type ProductFilterValues } from '../src/products.queries.ts';
import type { ProductSort } from '../src/resolvers.generated.ts';
import { addManyProducts } from './many-products.ts';

const products = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 50);
const allowedP99Ms = 750;
/** Of a search whose finds all stand far behind in the order: the index brings them all, to be sorted. */
const allowedFarP99Ms = 2000;
const farName = 'in one of ten, at the end of the names';
const sorts: readonly ProductSort[] = ['NAME', 'PRICE_ASC', 'PRICE_DESC', 'NEWEST'];

/** What is searched for, and how many products have it. */
const searches: Readonly<Record<string, string>> = {
  'one product': '00500007',
  'no product, letters that many have': 'lamp brass floor',
  'a letter that most have': 'e',
  'a letter that few have': '电',
  'two letters': 'zq',
  'three letters, in the middle': 'oor',
  'in one of fourteen, other letters': 'äpfelschale',
  [farName]: 'zenit',
  'in one of a hundred and twenty': 'zenit brass',
};

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'));
await chmod(folder, 0o711); // As root, the server runs as another user, who must pass through.
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), port: 0, durable: false });
try {
  const passwords = Object.fromEntries(
    processRoles.map((role) => [role, randomBytes(12).toString('hex')]),
  ) as Record<ProcessRole, string>;
  await createRoles(postgres.adminUrl, passwords);
  await migrateToLatest(postgres.adminUrl);
  const admin = createDatabase<unknown>(postgres.adminUrl, { statementTimeoutMs: 0 });
  let tenantId = '';
  const filling = await time(async () => {
    tenantId = await addManyProducts(admin, products);
  });
  await admin.destroy();
  console.log(`${products} products written in ${(filling / 1000).toFixed(0)} s`);
  await measure(roleUrl(postgres.adminUrl, 'signet_catalog', passwords.signet_catalog), tenantId);
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(url: string, tenantId: string): Promise<void> {
  const db = createDatabase(url);
  const category = await inTenant(db, tenantId, (trx) =>
    trx
      .selectFrom('catalog.category')
      .select('id')
      .where('slug', '=', 'category-7')
      .executeTakeFirstOrThrow(),
  );
  const show = async (name: string, fn: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await time(fn));
    const p99 = percentile(times, 0.99);
    console.log(`${name}: p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    if (p99 > (name.startsWith(farName) ? allowedFarP99Ms : allowedP99Ms)) process.exitCode = 1;
  };
  const all: ProductFilterValues = { categoryId: undefined, text: undefined };
  const cases: [string, ProductFilterValues][] = [
    ['no filter', all],
    ['a category', { ...all, categoryId: category.id }],
    ...Object.entries(searches).map(([name, text]): [string, ProductFilterValues] => [
      name,
      { ...all, text },
    ]),
    ['one product, in a category', { categoryId: category.id, text: '00500007' }],
  ];
  for (const [name, filter] of cases) {
    for (const sort of sorts) {
      const order = productOrders[sort];
      const page = { first: 100, after: undefined };
      await show(`${name}, 100 by ${sort}`, () =>
        inTenant(db, tenantId, (trx) => findProductPage(trx, filter, order, page)),
      );
    }
    const end = { key: 2_147_483_647, id: 'ffffffff-ffff-4fff-bfff-ffffffffffff' };
    await show(`${name}, behind the last by PRICE_ASC`, () =>
      inTenant(db, tenantId, (trx) =>
        findProductPage(trx, filter, productOrders.PRICE_ASC, { first: 100, after: end }),
      ),
    );
    await show(`${name}, counted`, () => inTenant(db, tenantId, (trx) => countProducts(trx, filter)));
  }
  await db.destroy();
}
