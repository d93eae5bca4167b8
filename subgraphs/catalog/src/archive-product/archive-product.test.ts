import {
  addProduct,
  type Caller,
  expectIdsRefused,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../../subgraph.ts';

const query = 'mutation ($id: ID!) { archiveProduct(id: $id) { id isArchived updatedAt } }';
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

describe('archiveProduct', () => {
  it('takes a product off sale; a second time changes nothing', async () => {
    const id = await addProduct(subgraph.database, subgraph.tenants.demo);
    const first = await subgraph.ask(query, { id }, staff);
    expect(first.body.data.archiveProduct).toMatchObject({ id, isArchived: true });
    expect((await subgraph.ask(query, { id }, staff)).body).toEqual(first.body);
    const { body } = await subgraph.ask('{ products { totalCount } }');
    expect(body.data.products.totalCount).toBe(0);
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

  it('refuses what is no id', async () => {
    await expectIdsRefused('input.id', (id) => subgraph.ask(query, { id }, staff));
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { id: unknownId } },
    scope: 'catalog:write',
  });
});
