import { describe, expect, test } from 'vitest';
import {
  createRelationChecker,
  type RelationTuple,
  staffSubject,
  subjectOf,
  userSubject,
} from './relations.ts';

const viewer = (object: string, userId = 'ada'): RelationTuple => ({
  namespace: 'order',
  object,
  relation: 'viewer',
  subject: userSubject(userId),
});

/** A store that knows these objects' viewers, and notes what it was asked. */
function createStore(held: readonly string[]) {
  const asked: { tenantId: string; objects: string[] }[] = [];
  const known = new Set(held);
  return {
    asked,
    known,
    async check(tenantId: string, queries: readonly RelationTuple[]) {
      asked.push({ tenantId, objects: queries.map(({ object }) => object) });
      return queries.map(({ object }) => known.has(object));
    },
  };
}

test('a page of checks is one query, each check asked once, and each gets its own answer', async () => {
  const store = createStore(['1', '3']);
  const checker = createRelationChecker(store, 'demo');
  const answers = await Promise.all(['1', '2', '3', '1', '2'].map((id) => checker.check(viewer(id))));
  expect(answers).toEqual([true, false, true, true, false]);
  expect(store.asked).toEqual([{ tenantId: 'demo', objects: ['1', '2', '3'] }]);
});

test('checks that come by promises of the same tick are in the same query', async () => {
  const store = createStore(['1', '2']);
  const checker = createRelationChecker(store, 'demo');
  const late = async (id: string, steps: number) => {
    for (let step = 0; step < steps; step += 1) await null;
    return checker.check(viewer(id));
  };
  expect(await Promise.all([late('1', 0), late('2', 3), late('3', 9)])).toEqual([true, true, false]);
  expect(store.asked).toHaveLength(1);
});

test('an answer is kept for the request, until somebody changes a tuple', async () => {
  const store = createStore(['1']);
  const checker = createRelationChecker(store, 'demo');
  expect(await checker.check(viewer('1'))).toBe(true);
  store.known.clear();
  expect(await checker.check(viewer('1'))).toBe(true);
  checker.clear();
  expect(await checker.check(viewer('1'))).toBe(false);
  expect(store.asked).toHaveLength(2);
});

test('an answer that was under way when a tuple changed is not kept', async () => {
  const store = createStore(['1']);
  const checker = createRelationChecker(store, 'demo');
  const before = checker.check(viewer('1'));
  checker.clear();
  await before;
  await checker.check(viewer('1'));
  expect(store.asked).toHaveLength(2);
});

test('another request asks for itself', async () => {
  const store = createStore(['1']);
  await createRelationChecker(store, 'demo').check(viewer('1'));
  await createRelationChecker(store, 'globex').check(viewer('1'));
  expect(store.asked.map(({ tenantId }) => tenantId)).toEqual(['demo', 'globex']);
});

test('parts are not run together: what differs only in where one ends is two questions', async () => {
  const store = createStore([]);
  const checker = createRelationChecker(store, 'demo');
  const tuple = viewer('1');
  await Promise.all([
    checker.check({ ...tuple, namespace: 'a', object: 'b,c' }),
    checker.check({ ...tuple, namespace: 'a,b', object: 'c' }),
    checker.check({ ...tuple, namespace: 'a","b', object: 'c' }),
    checker.check({ ...tuple, namespace: 'a', object: 'b","c' }),
  ]);
  expect(store.asked[0]?.objects).toHaveLength(4);
});

describe('a store that can not tell', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('no store'))],
    [
      'throws',
      () => {
        throw new Error('no store');
      },
    ],
    ['answers too little', async () => [true]],
    ['answers too much', async () => [true, true, true]],
  ])('and %s lets nobody in', async (_title, check) => {
    const checker = createRelationChecker({ check }, 'demo');
    const results = await Promise.allSettled(['1', '2'].map((id) => checker.check(viewer(id))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('and answers something else than true says no', async () => {
    const check = async () => ['yes', 1] as unknown as boolean[];
    const checker = createRelationChecker({ check }, 'demo');
    expect(await Promise.all(['1', '2'].map((id) => checker.check(viewer(id))))).toEqual([false, false]);
  });
});

test('a customer and a member of staff with the same id are two subjects', () => {
  expect(userSubject('1')).toBe('user:1');
  expect(staffSubject('1')).toBe('staff:1');
  expect(subjectOf({ platform: 'user', userId: '1' } as Parameters<typeof subjectOf>[0])).toBe('user:1');
  expect(subjectOf({ platform: 'portal', staffId: '1' } as Parameters<typeof subjectOf>[0])).toBe('staff:1');
});
