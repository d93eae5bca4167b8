import type { RelationTuple } from '@signet/access';
import { describe, expect, test } from 'vitest';
import type { GraphqlContext } from './context.ts';
import { policies } from './policies.ts';

const id = '0199c2f4-7a10-7000-8000-000000000001';
const sue = { platform: 'portal', staffId: 'sue', role: 'operations' };

/** A context in which these members of staff are responsible for the one customer. */
function createContext(session: object, staffIds: readonly string[] = []): GraphqlContext {
  return {
    session,
    loaders: { assigneesOfCustomer: { load: async (asked: string) => (asked === id ? staffIds : []) } },
    relations: {
      check: async ({ namespace, object, relation, subject }: RelationTuple) =>
        staffIds.some((staffId) => subject === `staff:${staffId}`) &&
        `${namespace}:${object}#${relation}` === `customer:${id}#assignee`,
    },
  } as unknown as GraphqlContext;
}
const ask = async (name: string, context: GraphqlContext, args: Record<string, unknown>) =>
  policies[name]?.(context, undefined, args);

describe('customer.assignee', () => {
  test('is who is responsible for the customer whom the input names', async () => {
    const args = { input: { customerId: id.toUpperCase() } };
    expect(await ask('customer.assignee', createContext(sue, ['sue']), args)).toBe(true);
    expect(await ask('customer.assignee', createContext(sue, ['tom']), args)).toBe(false);
  });

  test('is no customer, and nobody without a session, whatever their id', async () => {
    const args = { input: { customerId: id } };
    for (const session of [{ platform: 'user', userId: 'sue', staffId: 'sue' }, { platform: 'none' }]) {
      expect(await ask('customer.assignee', createContext(session, ['sue']), args)).toBe(false);
      expect(await ask('customer.unassigned', createContext(session), args)).toBe(false);
    }
  });
});

describe('customer.unassigned', () => {
  test('lets staff in where nobody is responsible, in any spelling of the id', async () => {
    for (const customerId of [id, id.toUpperCase()]) {
      const args = { input: { customerId } };
      expect(await ask('customer.unassigned', createContext(sue), args)).toBe(true);
      expect(await ask('customer.unassigned', createContext(sue, ['tom']), args)).toBe(false);
    }
  });

  test('leaves a text that is not an id to the operation', async () => {
    expect(await ask('customer.unassigned', createContext(sue), { input: { customerId: 'x' } })).toBe(true);
  });
});

test.each([{}, { input: null }, { input: {} }, { input: { customerId: null } }, { customerId: id }, { id }])(
  'a field that names its customer otherwise is refused: %j',
  async (args) => {
    for (const name of ['customer.unassigned', 'customer.assignee']) {
      expect(await ask(name, createContext(sue, ['sue']), args)).toBe(false);
    }
  },
);

test.each([
  [{ platform: 'portal', role: 'super_admin' }, true],
  [{ platform: 'portal', role: 'operations' }, false],
  [{ platform: 'user', role: 'super_admin' }, false],
  [{ platform: 'none' }, false],
])('staff.super_admin: %j %s', async (session, expected) => {
  expect(await ask('staff.super_admin', createContext(session), {})).toBe(expected);
});
