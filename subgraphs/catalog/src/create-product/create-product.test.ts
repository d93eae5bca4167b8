import {
  addCategory,
  type Caller,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../../subgraph.ts';

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

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  await addCategory(subgraph.database, subgraph.tenants.demo, 'lamps');
  await addCategory(subgraph.database, subgraph.tenants.globex, 'globes');
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

const create = (change: object = {}, caller = staff) =>
  subgraph.ask(query, { input: { ...input, ...change } }, caller);

describe('createProduct', () => {
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

  it.each(
    titled([
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
