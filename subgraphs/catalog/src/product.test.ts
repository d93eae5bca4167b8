import { expectIdsRefused, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { productResolvers } from './product.ts';
import { addProduct } from './testing.test-support.ts';

const query = 'query ($id: ID!) { product(id: $id) { id name isArchived price { amount currency } } }';
const entities = `
  query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Product { id name isArchived } }
  }`;

let subgraph: TestSubgraph;
let lamp: string;
let archived: string;
let foreign: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const { database, tenants } = subgraph;
  lamp = await addProduct(database, tenants.demo, { name: 'Lamp', price: 1999, currency: 'USD' });
  archived = await addProduct(database, tenants.demo, { name: 'Old lamp', isArchived: true });
  foreign = await addProduct(database, tenants.globex, { name: 'Globe' });
});
afterAll(() => subgraph.stop());

describe('product', () => {
  it('is given without signing in', async () => {
    const { body } = await subgraph.ask(query, { id: lamp });
    expect(body.data.product).toEqual({
      id: lamp,
      name: 'Lamp',
      isArchived: false,
      price: { amount: 1999, currency: 'USD' },
    });
  });

  it('is found by its id in capitals', async () => {
    const { body } = await subgraph.ask(query, { id: lamp.toUpperCase() });
    expect(body.data.product.id).toBe(lamp);
  });

  it('is null where there is none, or where it is of another tenant', async () => {
    const unknown = await subgraph.ask(query, { id: '0199c2f4-7a10-7000-8000-000000000001' });
    expect(unknown.body).toEqual({ data: { product: null } });
    const staff = await subgraph.addStaff('super_admin');
    expect((await subgraph.ask(query, { id: foreign }, staff)).body).toEqual({ data: { product: null } });
  });

  it('is given to staff only once it is archived', async () => {
    const customer = await subgraph.addCustomer();
    const staff = await subgraph.addStaff('support');
    expect((await subgraph.ask(query, { id: archived })).body.data.product).toBeNull();
    expect((await subgraph.ask(query, { id: archived }, customer)).body.data.product).toBeNull();
    expect((await subgraph.ask(query, { id: archived }, staff)).body.data.product.isArchived).toBe(true);
  });

  it('is refused for a text that is not an id', async () => {
    await expectIdsRefused('input.id', (id) => subgraph.ask(query, { id }));
  });
});

describe('references to products', () => {
  const refer = (ids: string[], more = {}) =>
    subgraph.ask(entities, { representations: ids.map((id) => ({ __typename: 'Product', id, ...more })) });

  it('resolve archived products too: orders show them', async () => {
    const { body } = await refer([archived]);
    expect(body.data._entities).toEqual([{ id: archived, name: 'Old lamp', isArchived: true }]);
  });

  it('give the row, never what the caller says of it', async () => {
    const { body } = await refer([lamp], { name: 'Forged', archived_at: null });
    expect(body.data._entities[0].name).toBe('Lamp');
  });

  it.each([
    'id sku name price { amount currency } isArchived',
    'id category { id slug name }',
    'id description',
    'id createdAt',
    'id updatedAt',
  ])('show { %s } as the product by itself and a page of products do', async (fields) => {
    const staff = await subgraph.addStaff('support');
    const { body } = await subgraph.ask(
      `query ($id: ID!, $representations: [_Any!]!) {
         product(id: $id) { ...p }
         products { edges { node { ...p } } }
         newest: products(sort: NEWEST) { edges { cursor node { ...p } } }
         _entities(representations: $representations) { __typename ...p }
       }
       fragment p on Product { ${fields} }`,
      { id: lamp, representations: [{ __typename: 'Product', id: lamp }] },
      staff,
    );
    const { product, products, newest, _entities } = body.data;
    expect(Object.values(product)).not.toContain(null);
    expect(products.edges).toEqual([{ node: product }]);
    expect(newest.edges).toEqual([{ cursor: expect.any(String), node: product }]);
    expect(_entities).toEqual([{ __typename: 'Product', ...product }]);
  });

  it('in brief are completed by what another field of the operation asks for', async () => {
    const { body } = await subgraph.ask(
      `query ($representations: [_Any!]!) {
         brief: _entities(representations: $representations) { ... on Product { name } }
         whole: _entities(representations: $representations) { ... on Product { category { slug } name } }
       }`,
      { representations: [{ __typename: 'Product', id: lamp }] },
    );
    expect(body.data).toEqual({
      brief: [{ name: 'Lamp' }],
      whole: [{ name: 'Lamp', category: { slug: 'lamps' } }],
    });
  });

  it('that came in brief and are asked for more are read again', async () => {
    const at = new Date();
    const whole = {
      description: 'd',
      created_at: at,
      updated_at: at,
      category_id: 'c',
      category_slug: 's',
      category_name: 'n',
    };
    const ctx = { loaders: { product: { load: async (id: string) => (id === lamp ? whole : undefined) } } };
    const read = (field: keyof typeof productResolvers, id = lamp) =>
      (productResolvers[field] as (...args: unknown[]) => unknown)({ id }, {}, ctx, {});
    expect(await read('description')).toBe('d');
    expect(await read('createdAt')).toBe(at);
    expect(await read('updatedAt')).toBe(at);
    expect(await read('category')).toEqual({ id: 'c', slug: 's', name: 'n' });
    await expect(read('description', archived)).rejects.toThrow(`The product ${archived} is gone.`);
  });

  it('are null for no ids, unknown ones and those of another tenant', async () => {
    const answer = await refer(['x', '\0', '0199c2f4-7a10-7000-8000-000000000001', foreign]);
    expect(answer.body.data._entities).toEqual([null, null, null, null]);
    expect(reasonsOf(answer)).toEqual([]);
  });

  it('cost the same number of statements for one as for fifty', async () => {
    const { database, tenants } = subgraph;
    const ids = await Promise.all(Array.from({ length: 50 }, () => addProduct(database, tenants.demo)));
    // set_config, select
    for (const asked of [ids.slice(0, 1), ids]) {
      expect(await subgraph.countStatements(() => refer(asked))).toBe(2);
    }
  });
});
