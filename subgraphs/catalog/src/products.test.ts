import { reasonsOf, startTestSubgraph, type TestSubgraph, titled } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { addProduct } from './testing.test-support.ts';

const query = `
  query ($first: Int! = 100, $after: String, $filter: ProductFilter, $sort: ProductSort! = NAME) {
    products(first: $first, after: $after, filter: $filter, sort: $sort) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id name price { amount currency } category { slug } } }
    }
  }`;

let subgraph: TestSubgraph;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const { database, tenants } = subgraph;
  const dawn = new Date('2026-01-01T00:00:00Z');
  for (const name of ['Same', 'Same', 'Same', 'Same', 'Alpha']) {
    await addProduct(database, tenants.demo, { name, price: 500, createdAt: dawn });
  }
  await addProduct(database, tenants.demo, { name: '100 % wool', category: 'rugs', price: 9000 });
  await addProduct(database, tenants.demo, { name: '100 x wool', category: 'rugs', price: 20 });
  await addProduct(database, tenants.demo, { name: 'Gone', isArchived: true });
  await addProduct(database, tenants.globex, { name: 'Of globex', category: 'globes' });
});
afterAll(() => subgraph.stop());

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's.
const namesOf = (answer: { body: { data?: any } }): string[] =>
  answer.body.data.products.edges.map((edge: { node: { name: string } }) => edge.node.name);

describe('products', () => {
  it('come by name without signing in', async () => {
    const answer = await subgraph.ask(query);
    expect(namesOf(answer)).toEqual(['100 % wool', '100 x wool', 'Alpha', 'Same', 'Same', 'Same', 'Same']);
    expect(answer.body.data.products.totalCount).toBe(7);
  });

  it('are found by both spellings of an accent', async () => {
    await addProduct(subgraph.database, subgraph.tenants.demo, {
      name: 'Caf\u00e9 table',
      category: 'rugs',
    });
    for (const text of ['caf\u00e9', 'cafe\u0301']) {
      expect(namesOf(await subgraph.ask(query, { filter: { text } }))).toEqual(['Caf\u00e9 table']);
    }
    await subgraph.database.query(`delete from catalog.product where name like 'Caf%'`);
  });

  it('leave archived ones out, for staff too', async () => {
    const staff = await subgraph.addStaff('super_admin');
    expect(namesOf(await subgraph.ask(query, {}, staff))).not.toContain('Gone');
  });

  it('are those of the own tenant only', async () => {
    const stranger = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
    expect(namesOf(await subgraph.ask(query, {}, stranger))).toEqual(['Of globex']);
    expect(namesOf(await subgraph.ask(query))).not.toContain('Of globex');
  });

  it.each(['NAME', 'PRICE_ASC', 'PRICE_DESC', 'NEWEST'])(
    'are each met once on a walk by %s through equal keys',
    async (sort) => {
      const whole = await subgraph.ask(query, { sort });
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const { body } = await subgraph.ask(query, { sort, first: 2, after });
        const { edges, pageInfo } = body.data.products;
        ids.push(...edges.map((edge: { node: { id: string } }) => edge.node.id));
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      } while (after);
      expect(ids).toEqual(
        whole.body.data.products.edges.map((edge: { node: { id: string } }) => edge.node.id),
      );
      expect(new Set(ids).size).toBe(7);
    },
  );

  it('come in the order asked for', async () => {
    const pricesBy = async (sort: string) => {
      const { body } = await subgraph.ask(query, { sort });
      return body.data.products.edges.map(
        (edge: { node: { price: { amount: number } } }) => edge.node.price.amount,
      );
    };
    expect(await pricesBy('PRICE_ASC')).toEqual([20, 500, 500, 500, 500, 500, 9000]);
    expect(await pricesBy('PRICE_DESC')).toEqual([9000, 500, 500, 500, 500, 500, 20]);
    expect(namesOf(await subgraph.ask(query, { sort: 'NEWEST', first: 1 }))).toEqual(['100 x wool']);
  });

  it('can be filtered by category and text together', async () => {
    const ask = async (filter: object) => namesOf(await subgraph.ask(query, { filter }));
    expect(await ask({ category: 'rugs' })).toEqual(['100 % wool', '100 x wool']);
    expect(await ask({ text: 'WOOL', category: 'lamps' })).toEqual([]);
    expect(await ask({ text: '100 %' })).toEqual(['100 % wool']);
    expect(await ask({ text: '_' })).toEqual([]);
    expect(await ask({ text: '' })).toHaveLength(7);
    expect(await ask({ category: 'unheard-of' })).toEqual([]);
  });

  it('refuse a cursor of another sort', async () => {
    const { body } = await subgraph.ask(query, { sort: 'PRICE_ASC', first: 1 });
    const after = body.data.products.pageInfo.endCursor;
    for (const sort of ['NAME', 'PRICE_DESC', 'NEWEST']) {
      expect(reasonsOf(await subgraph.ask(query, { sort, after }))).toEqual(['input.after']);
    }
  });

  it('refuse forged cursors before the database sees them', async () => {
    const id = '0199c2f4-7a10-7000-8000-000000000001';
    const forge = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const forged = [
      { sort: 'NAME', after: forge('products:NAME', 'a\0', id) },
      { sort: 'PRICE_ASC', after: forge('products:PRICE_ASC', 2 ** 40, id) },
      { sort: 'NEWEST', after: forge('products:NEWEST', -1, id) },
      { sort: 'NEWEST', after: forge('products:NEWEST', 'yesterday', id) },
    ];
    for (const variables of forged) {
      expect(reasonsOf(await subgraph.ask(query, variables))).toEqual(['input.after']);
    }
    const last = forge('products:NEWEST', Number.MAX_SAFE_INTEGER, id);
    expect(reasonsOf(await subgraph.ask(query, { sort: 'NEWEST', after: last }))).toEqual([]);
  });

  it.each(
    titled([
      [{ first: 0 }, 'input.first'],
      [{ first: 101 }, 'input.first'],
      [{ first: 3_000_000_000 }, 'input.first'],
      [{ after: '\0' }, 'input.after'],
      [{ after: 'a'.repeat(10_240) }, 'input.after'],
      [{ filter: { text: 'a\0' } }, 'input.text'],
      [{ filter: { text: 'a'.repeat(10_240) } }, 'input.text'],
      [{ filter: { category: 'a\0' } }, 'input.category'],
      [{ filter: { category: 'a'.repeat(10_240) } }, 'input.category'],
      [{ sort: 'SIZE' }, 'input.sort'],
    ]),
  )('refuse %s', async (_title, variables, reason) => {
    expect(reasonsOf(await subgraph.ask(query, variables))).toEqual([reason]);
  });

  it('cost the same number of statements on a page of any size', async () => {
    // Twice set_config and select: for the page and for totalCount.
    for (const first of [1, 100]) {
      expect(await subgraph.countStatements(() => subgraph.ask(query, { first }))).toBe(4);
    }
  });
});

describe('categories', () => {
  it('come by name without signing in, those of the own tenant only', async () => {
    const { body } = await subgraph.ask('{ categories { slug } }');
    expect(body).toEqual({ data: { categories: [{ slug: 'lamps' }, { slug: 'rugs' }] } });
    const stranger = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
    const foreign = await subgraph.ask('{ categories { slug } }', {}, stranger);
    expect(foreign.body.data.categories).toEqual([{ slug: 'globes' }]);
  });
});
