import { expectIdsRefused, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
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
