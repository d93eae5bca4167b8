import {
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { addCategory, addProduct } from './testing.test-support.ts';

/** What the audit log has about a product. */
const auditedOf = (productId: string) =>
  subgraph.database.query(
    `select tenant_id, kind, platform, actor_id, details from auth.audit_event
     where details ->> 'productId' = $1 order by id`,
    [productId],
  );

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  await addCategory(subgraph.database, subgraph.tenants.demo, 'lamps');
  await addCategory(subgraph.database, subgraph.tenants.globex, 'globes');
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

describe('createProduct', () => {
  const query = `
    mutation ($input: CreateProductInput!) {
      createProduct(input: $input) {
        id sku name description isArchived createdAt category { slug } price { amount currency }
      }
    }`;
  const input = {
    sku: 'LAMP-1',
    name: 'Lamp',
    description: 'It shines.',
    category: 'lamps',
    price: { amount: 1999, currency: 'EUR' },
  };
  const create = (change: object = {}, caller = staff) =>
    subgraph.ask(query, { input: { ...input, ...change } }, caller);

  it('puts a product on sale', async () => {
    const { body } = await create();
    expect(body.data.createProduct).toMatchObject({
      ...input,
      isArchived: false,
      category: { slug: 'lamps' },
    });
    const found = await subgraph.ask('query ($id: ID!) { product(id: $id) { sku } }', {
      id: body.data.createProduct.id,
    });
    expect(found.body.data.product).toEqual({ sku: 'LAMP-1' });
  });

  it('needs no description', async () => {
    const { description: _, ...rest } = input;
    const answer = await subgraph.ask(query, { input: { ...rest, sku: 'PLAIN' } }, staff);
    expect(answer.body.data.createProduct.description).toBe('');
  });

  it('refuses a SKU that is taken, also when two are sent at once', async () => {
    await create({ sku: 'TAKEN' });
    expect(reasonsOf(await create({ sku: 'TAKEN' }))).toEqual(['input.sku']);
    const both = await Promise.all([create({ sku: 'RACE' }), create({ sku: 'RACE' })]);
    expect(both.flatMap(reasonsOf)).toEqual(['input.sku']);
  });

  it('lets another tenant use the same SKU', async () => {
    await create({ sku: 'SHARED' });
    const other = await subgraph.addStaff('operations', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await create({ sku: 'SHARED', category: 'globes' }, other))).toEqual([]);
  });

  it('knows a SKU and stores a name by one spelling, however the accent was typed', async () => {
    const { body } = await create({ sku: '\u00c91', name: 'Caf\u0065\u0301 lamp' });
    expect(body.data.createProduct).toMatchObject({ sku: '\u00c91', name: 'Caf\u00e9 lamp' });
    expect(reasonsOf(await create({ sku: 'E\u03011' }))).toEqual(['input.sku']);
  });

  it.each(
    titled([
      [{ name: ' \u200b\u2060 ' }, 'input.name'],
      [{ sku: '' }, 'input.sku'],
      [{ sku: 'a\0' }, 'input.sku'],
      [{ sku: 'a'.repeat(65) }, 'input.sku'],
      [{ name: ' ' }, 'input.name'],
      [{ name: 'a'.repeat(10_240) }, 'input.name'],
      [{ description: 'a'.repeat(10_240) }, 'input.description'],
      [{ category: 'unheard-of' }, 'input.category'],
      [{ category: 'globes' }, 'input.category'],
      [{ category: '\0' }, 'input.category'],
      [{ price: { amount: 0, currency: 'EUR' } }, 'input.amount'],
      [{ price: { amount: -5, currency: 'EUR' } }, 'input.amount'],
      [{ price: { amount: 10_000_001, currency: 'EUR' } }, 'input.amount'],
      [{ price: { amount: 3_000_000_000, currency: 'EUR' } }, 'input.amount'],
      [{ price: { amount: 1, currency: 'eur' } }, 'input.currency'],
      [{ price: { amount: 1, currency: 'ZZZ' } }, 'input.currency'],
      [{ price: { amount: 1, currency: '\0' } }, 'input.currency'],
    ]),
  )('refuses %s', async (_title, change, reason) => {
    expect(reasonsOf(await create({ sku: 'BAD', ...change }))).toEqual([reason]);
  });

  it('refuses staff in support, who lack the scope', async () => {
    expect(reasonsOf(await create({}, await subgraph.addStaff('support')))).toEqual(['authz.scope.deny']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { input } },
    scope: 'catalog:write',
  });
});

describe('changeProductPrice', () => {
  const query = `
    mutation ($productId: ID!, $amount: Int!) {
      changeProductPrice(input: { productId: $productId, amount: $amount }) { id price { amount currency } }
    }`;
  let productId: string;
  let foreign: string;
  beforeAll(async () => {
    productId = await addProduct(subgraph.database, subgraph.tenants.demo, { price: 100, currency: 'USD' });
    foreign = await addProduct(subgraph.database, subgraph.tenants.globex, { price: 100 });
  });

  it('changes the amount and keeps the currency', async () => {
    const { body } = await subgraph.ask(query, { productId, amount: 250 }, staff);
    expect(body.data.changeProductPrice).toEqual({ id: productId, price: { amount: 250, currency: 'USD' } });
    const [row] = await subgraph.database.query(
      'select price_amount, updated_at > created_at as touched from catalog.product where id = $1',
      [productId],
    );
    expect(row).toEqual({ price_amount: 250, touched: true });
  });

  it('is in the audit log, with both amounts', async () => {
    const id = await addProduct(subgraph.database, subgraph.tenants.demo, { price: 100 });
    await subgraph.ask(query, { productId: id, amount: 250 }, staff);
    await subgraph.ask(query, { productId: id, amount: 250 }, staff); // No change.
    await subgraph.ask(query, { productId: id, amount: 0 }, staff);
    expect(await auditedOf(id)).toEqual([
      {
        tenant_id: subgraph.tenants.demo,
        kind: 'catalog.price.changed',
        platform: 'portal',
        actor_id: staff.id,
        details: { productId: id, from: 100, to: 250 },
      },
    ]);
  });

  it.each([0, -1, 10_000_001, 3_000_000_000])('refuses the amount %s', async (amount) => {
    expect(reasonsOf(await subgraph.ask(query, { productId, amount }, staff))).toEqual(['input.amount']);
  });

  it('refuses products that do not exist or are of another tenant, and changes nothing', async () => {
    for (const id of [unknownId, foreign]) {
      const answer = await subgraph.ask(query, { productId: id, amount: 1 }, staff);
      expect(reasonsOf(answer)).toEqual(['input.productId']);
    }
    const rows = await subgraph.database.query('select price_amount from catalog.product where id = $1', [
      foreign,
    ]);
    expect(rows).toEqual([{ price_amount: 100 }]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.productId', (id) =>
      subgraph.ask(query, { productId: id, amount: 1 }, staff),
    );
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { productId: unknownId, amount: 1 } },
    scope: 'catalog:write',
  });
});

describe('archiveProduct', () => {
  const query = 'mutation ($id: ID!) { archiveProduct(id: $id) { id isArchived updatedAt } }';

  it('takes a product off sale; a second time changes nothing', async () => {
    const id = await addProduct(subgraph.database, subgraph.tenants.demo, { category: 'moths' });
    const onSale = '{ products(filter: { category: "moths" }) { totalCount } }';
    expect((await subgraph.ask(onSale)).body.data.products.totalCount).toBe(1);
    const first = await subgraph.ask(query, { id }, staff);
    expect(first.body.data.archiveProduct).toMatchObject({ id, isArchived: true });
    expect((await subgraph.ask(query, { id }, staff)).body).toEqual(first.body);
    const { body } = await subgraph.ask(onSale);
    expect(body.data.products.totalCount).toBe(0);
  });

  it('is in the audit log once', async () => {
    const id = await addProduct(subgraph.database, subgraph.tenants.demo);
    await subgraph.ask(query, { id }, staff);
    await subgraph.ask(query, { id }, staff);
    expect(await auditedOf(id)).toMatchObject([
      { kind: 'catalog.product.archived', actor_id: staff.id, details: { productId: id } },
    ]);
  });

  it('refuses products that do not exist or are of another tenant', async () => {
    const foreign = await addProduct(subgraph.database, subgraph.tenants.globex);
    for (const id of [unknownId, foreign]) {
      expect(reasonsOf(await subgraph.ask(query, { id }, staff))).toEqual(['input.id']);
    }
    const rows = await subgraph.database.query('select archived_at from catalog.product where id = $1', [
      foreign,
    ]);
    expect(rows).toEqual([{ archived_at: null }]);
  });

  it('refuses a text that is not an id', async () => {
    await expectIdsRefused('input.id', (id) => subgraph.ask(query, { id }, staff));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { id: unknownId } },
    scope: 'catalog:write',
  });
});
