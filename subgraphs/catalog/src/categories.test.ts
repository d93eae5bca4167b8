import {
  type Caller,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const query = 'mutation ($input: CreateCategoryInput!) { createCategory(input: $input) { slug name } }';

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  staff = await subgraph.addStaff('operations');
});
afterAll(() => subgraph.stop());

const create = (input: object, caller = staff) => subgraph.ask(query, { input }, caller);

describe('createCategory', () => {
  it('adds a shelf that everybody sees', async () => {
    const { body } = await create({ slug: 'tea-and-coffee', name: 'Tea and coffee' });
    expect(body.data.createCategory).toEqual({ slug: 'tea-and-coffee', name: 'Tea and coffee' });
    const seen = await subgraph.ask('{ categories { slug } }', {});
    expect(seen.body.data.categories).toContainEqual({ slug: 'tea-and-coffee' });
  });

  it('refuses a slug that is taken, also when two are sent at once', async () => {
    const both = await Promise.all([
      create({ slug: 'race', name: 'A' }),
      create({ slug: 'race', name: 'B' }),
    ]);
    expect(both.flatMap(reasonsOf)).toEqual(['input.slug']);
  });

  it('lets another tenant use the same slug', async () => {
    await create({ slug: 'shared', name: 'Ours' });
    const other = await subgraph.addStaff('operations', { tenantId: subgraph.tenants.globex });
    expect(reasonsOf(await create({ slug: 'shared', name: 'Theirs' }, other))).toEqual([]);
  });

  it.each(
    titled([
      [{ slug: '' }, 'input.slug'],
      [{ slug: '-a' }, 'input.slug'],
      [{ slug: 'Tea' }, 'input.slug'],
      [{ slug: 'a\0' }, 'input.slug'],
      [{ slug: 'a'.repeat(64) }, 'input.slug'],
      [{ name: ' ' }, 'input.name'],
      [{ name: 'a'.repeat(101) }, 'input.name'],
      [{ name: 'a\0' }, 'input.name'],
    ]),
  )('refuses %s', async (_title, change, reason) => {
    expect(reasonsOf(await create({ slug: 'bad', name: 'Bad', ...change }))).toEqual([reason]);
  });

  it('refuses staff in support, who lack the scope', async () => {
    const support = await subgraph.addStaff('support');
    expect(reasonsOf(await create({ slug: 'no', name: 'No' }, support))).toEqual(['authz.scope.deny']);
  });

  itIsForStaff({
    subgraph: () => subgraph,
    operation: { query, variables: { input: { slug: 'x', name: 'X' } } },
    scope: 'catalog:write',
  });
});
