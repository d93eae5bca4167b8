import {
  addUser,
  type Caller,
  itIsForStaff,
  reasonsOf,
  startTestSubgraph,
  type TestSubgraph,
  titled,
} from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';

const query = `
  query ($first: Int! = 100, $after: String, $search: String, $filter: CustomerFilter) {
    customers(first: $first, after: $after, search: $search, filter: $filter) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges { node { id email fullName isActive supportNotes(first: 2) { edges { node { id } } } } }
    }
  }`;

let subgraph: TestSubgraph;
let staff: Caller;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  const { database, tenants } = subgraph;
  staff = await subgraph.addStaff('support');
  await addUser(database, tenants.demo, { email: 'ada@example.com', fullName: 'Ada Example' });
  await addUser(database, tenants.demo, {
    email: 'bob_b@example.com',
    fullName: '100 % Bob',
    isActive: false,
  });
  await addUser(database, tenants.demo, { email: 'cyd@example.org', fullName: 'Cyd Adams' });
  await addUser(database, tenants.globex, { email: 'ada@example.com', fullName: 'Ada of Globex' });
});
afterAll(() => subgraph.stop());

const emailsOf = async (variables: object = {}, caller = staff): Promise<string[]> => {
  const { body } = await subgraph.ask(query, { ...variables }, caller);
  return body.data.customers.edges.map((edge: { node: { email: string } }) => edge.node.email);
};

describe('customers', () => {
  it('come by e-mail with what staff need, those of the own tenant only', async () => {
    const { body } = await subgraph.ask(query, {}, staff);
    expect(body.data.customers.totalCount).toBe(3);
    expect(body.data.customers.edges.map((edge: { node: object }) => edge.node)).toMatchObject([
      { email: 'ada@example.com', fullName: 'Ada Example', isActive: true },
      { email: 'bob_b@example.com', fullName: '100 % Bob', isActive: false },
      { email: 'cyd@example.org', fullName: 'Cyd Adams', isActive: true },
    ]);
    const other = await subgraph.addStaff('support', { tenantId: subgraph.tenants.globex });
    expect(await emailsOf({}, other)).toEqual(['ada@example.com']);
  });

  it('are found by part of e-mail or name, in any case', async () => {
    expect(await emailsOf({ search: 'ADA' })).toEqual(['ada@example.com', 'cyd@example.org']);
    expect(await emailsOf({ search: 'example.org' })).toEqual(['cyd@example.org']);
    expect(await emailsOf({ search: '0 %' })).toEqual(['bob_b@example.com']);
    expect(await emailsOf({ search: '_' })).toEqual(['bob_b@example.com']);
    expect(await emailsOf({ search: '' })).toHaveLength(3);
  });

  it('are found by the letters of an e-mail domain, which is stored in ASCII', async () => {
    const { id } = await subgraph.addCustomer({ tenantId: subgraph.tenants.globex });
    await subgraph.database.query('update auth.user set email = $1 where id = $2', [
      'eva@xn--bcher-kva.example',
      id,
    ]);
    const other = await subgraph.addStaff('support', { tenantId: subgraph.tenants.globex });
    for (const search of ['eva@bücher.example', 'Bücher.example', 'xn--bcher']) {
      expect(await emailsOf({ search }, other)).toEqual(['eva@xn--bcher-kva.example']);
    }
  });

  it('are those who are suspended, or those of a member of staff, and the search is within them', async () => {
    const { demo } = subgraph.tenants;
    const operator = await subgraph.addStaff('operations', {
      claims: { scope: 'customers:read customers:assign' },
    });
    const assign = async (email: string) => {
      const [row] = await subgraph.database.query(
        'select id from auth.user where tenant_id = $1 and email = $2',
        [demo, email],
      );
      await subgraph.ask(
        `mutation ($c: ID!, $s: ID!) { assignCustomer(input: { customerId: $c, staffId: $s }) { id } }`,
        { c: row.id, s: operator.id },
        operator,
      );
    };
    await assign('bob_b@example.com');
    await assign('cyd@example.org');
    const filtered = async (filter: object, search?: string) => {
      const { body } = await subgraph.ask(query, { filter, search }, staff);
      const { edges, totalCount } = body.data.customers;
      expect(totalCount).toBe(edges.length);
      return edges.map((edge: { node: { email: string } }) => edge.node.email);
    };
    expect(await filtered({ suspended: true })).toEqual(['bob_b@example.com']);
    expect(await filtered({ suspended: false })).toHaveLength(3);
    expect(await filtered({ suspended: true }, 'ada')).toEqual([]);
    expect(await filtered({ assigneeId: operator.id })).toEqual(['bob_b@example.com', 'cyd@example.org']);
    expect(await filtered({ assigneeId: operator.id }, 'EXAMPLE.ORG')).toEqual(['cyd@example.org']);
    expect(await filtered({ assigneeId: operator.id, suspended: true })).toEqual(['bob_b@example.com']);
    expect(await filtered({ assigneeId: staff.id })).toEqual([]);
  });

  it('are each met once on a walk', async () => {
    const met: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await subgraph.ask(query, { first: 1, after }, staff);
      const { edges, pageInfo } = body.data.customers;
      met.push(edges[0].node.email);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(met).toEqual(['ada@example.com', 'bob_b@example.com', 'cyd@example.org']);
  });

  it('cost the same number of statements for one as for all, notes included', async () => {
    // set_config, select for the customers; then set_config and a select each for their number and all their notes, which are asked in one tick.
    for (const first of [1, 100]) {
      expect(await subgraph.countStatements(() => subgraph.ask(query, { first }, staff))).toBe(5);
    }
  });

  it.each(
    titled([
      [{ first: 0 }, 'input.first'],
      [{ first: 101 }, 'input.first'],
      [{ after: 'x' }, 'input.after'],
      [{ after: 'a'.repeat(10_240) }, 'input.after'],
      [{ search: 'a\0' }, 'input.search'],
      [{ filter: { assigneeId: 'nobody' } }, 'input.assigneeId'],
      [{ search: 'a'.repeat(10_240) }, 'input.search'],
    ]),
  )('refuse %s', async (_title, variables, reason) => {
    expect(reasonsOf(await subgraph.ask(query, variables, staff))).toEqual([reason]);
  });

  itIsForStaff({ subgraph: () => subgraph, operation: { query }, scope: 'customers:read' });
});
