import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createLogger } from '@signet/service';
import { afterEach, describe, expect, it } from 'vitest';
import { openPlanningPool, type PlanningPool, type PlanningPoolOptions } from './planning-pool.ts';

const pools: PlanningPool[] = [];
afterEach(async () => void (await Promise.all(pools.splice(0).map((pool) => pool.stop()))));

/** Of workers that do as the source says: hang, starve, exit, throw, eat all memory, or answer after some milliseconds. */
const openPool = async (options: Partial<PlanningPoolOptions> = {}) => {
  const pool = openPlanningPool({
    logger: createLogger('test', 'silent'),
    deadlineMs: 300,
    maxWaitMs: 20_000,
    entry: new URL('./odd-worker.test-support.ts', import.meta.url),
    ...options,
  });
  pools.push(pool);
  pool.add({ name: 'odd', supergraphSdl: '', renames: false });
  await pool.ready();
  const run = (source: string, caller: string) =>
    pool.run({ schema: 'odd', source, operationName: undefined }, caller).then(({ kind }) => kind);
  return { pool, run };
};

/** A busy machine takes long to start threads. */
describe('the pool of planning workers', () => {
  it('stops an operation at the deadline, and plans the next one', async () => {
    const { run } = await openPool();
    const start = performance.now();
    expect(await run('hang', 'a')).toBe('stopped');
    // Not for lack of a processor: the clock starts when a worker that is free takes the operation.
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
    expect(await run('0', 'a')).toBe('planned');
  });

  it('gives a worker that got no processor more time: that is no fault of its operation', async () => {
    const { run } = await openPool({ deadlineMs: 500 });
    expect(await run('starve', 'a')).toBe('planned');
  });

  it.each(['exit', 'throw', 'eat'])('outlives a worker that an operation makes %s', async (source) => {
    const { run } = await openPool({ deadlineMs: 15_000 });
    expect(await run(source, 'a')).toBe('died');
    expect(await run('0', 'a')).toBe('planned');
  });

  it('plans for others while one operation hangs', async () => {
    const { run } = await openPool({ deadlineMs: 1500 });
    const order: string[] = [];
    const note = (name: string) => (kind: string) => order.push(`${name} ${kind}`);
    await Promise.all([
      run('hang', 'a').then(note('bomb')),
      run('0', 'b').then(note('other')),
      run('1', 'c').then(note('third')),
    ]);
    expect(order).toEqual(['other planned', 'third planned', 'bomb stopped']);
  });

  it('ends each worker when there was no work for it, and starts one again when there is', async () => {
    const { pool, run } = await openPool({ deadlineMs: 1500, idleMs: 200 });
    const askTwo = () => Promise.all([run('hang', 'a'), run('0', 'b')]);
    for (const _round of [1, 2]) {
      const asked = askTwo();
      while (pool.size < 2) await sleep(20);
      expect(await asked).toEqual(['stopped', 'planned']);
      while (pool.size > 0) await sleep(20);
      expect(pool.findLack()).toBeUndefined();
      await pool.ready();
    }
    expect(await run('0', 'a')).toBe('planned');
  });

  it('lets operations wait for a worker that takes long to start', async () => {
    const { pool, run } = await openPool({ idleMs: 100, maxWaitMs: 200 });
    await pool.add({ name: 'large', supergraphSdl: '1000', renames: false });
    while (pool.size > 0) await sleep(20);
    expect(await Promise.all([run('0', 'a'), run('0', 'b')])).toEqual(['planned', 'planned']);
  });

  it('keeps a worker for as long as it has work', async () => {
    const { pool, run } = await openPool({ deadlineMs: 20_000, idleMs: 100 });
    expect(await run('1000', 'a')).toBe('planned');
    expect(pool.size).toBe(1);
  });

  it('starts a worker for a schema that is added, and for nothing else the client did not ask for', async () => {
    const { pool, run } = await openPool({ idleMs: 100 });
    while (pool.size > 0) await sleep(20);
    const added = { name: 'other', supergraphSdl: '', renames: false };
    await pool.add(added);
    expect(pool.size).toBe(1);
    while (pool.size > 0) await sleep(20);
    pool.remove(added);
    expect(pool.size).toBe(0);
    expect(await run('0', 'a')).toBe('planned');
  });

  it('gives one caller one worker at a time, so that its next bomb waits for its first', async () => {
    const { run } = await openPool({ deadlineMs: 1500 });
    const order: string[] = [];
    const note = (name: string) => (kind: string) => order.push(`${name} ${kind}`);
    await Promise.all([
      run('hang 1', 'a').then(note('first')),
      run('hang 2', 'a').then(note('second')),
      run('0', 'b').then(note('other')),
    ]);
    expect(order).toEqual(['other planned', 'first stopped', 'second stopped']);
  });

  it('gives a caller that stopped a worker no last free one', async () => {
    const { run } = await openPool({ deadlineMs: 1000 });
    expect(await Promise.all([run('hang', 'suspect'), run('0', 'other')])).toEqual(['stopped', 'planned']);
    const order: string[] = [];
    const note = (name: string) => (kind: string) => order.push(`${name} ${kind}`);
    await Promise.all([
      run('hang', 'stranger').then(note('stranger')),
      run('0', 'suspect').then(note('suspect')),
      run('100', 'other').then(note('other')),
    ]);
    expect(order).toEqual(['other planned', 'stranger stopped', 'suspect planned']);
  });

  it('lets all callers that stopped a worker share one, so that the other is for others', async () => {
    const { run } = await openPool({ deadlineMs: 1000 });
    expect(await Promise.all(['a', 'b', 'c'].map((caller) => run('hang', caller)))).toEqual(
      Array(3).fill('stopped'),
    );
    const order: string[] = [];
    const note = (name: string) => (kind: string) => order.push(`${name} ${kind}`);
    await Promise.all([
      ...['a', 'b', 'c'].map((caller) => run('hang', caller).then(note(caller))),
      run('0', 'd').then(note('d')),
    ]);
    expect(order).toEqual(['d planned', 'a stopped', 'b stopped', 'c stopped']);
  });

  it('refuses a caller that waits too long, and keeps later ones', async () => {
    const { run } = await openPool({ maxWorkers: 1, deadlineMs: 1500, maxWaitMs: 200 });
    const stuck = run('hang', 'a');
    expect(await run('0', 'b')).toBe('no-room');
    expect(await stuck).toBe('stopped');
  });

  it('refuses the caller with the most waiting when the queue is full', async () => {
    const { run } = await openPool({ maxWorkers: 1, maxQueueLength: 3 });
    const asked = [run('200', 'a'), ...[1, 2, 3].map((ms) => run(`${ms}`, 'a')), run('0', 'b')];
    expect(await Promise.all(asked)).toEqual(['planned', 'planned', 'planned', 'no-room', 'planned']);
  });

  it('keeps no process from ending', async () => {
    const script = join(import.meta.dirname, 'idle-pool.test-support.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 50_000 });
    expect(stdout.trim()).toBe('planned');
  });

  it('answers everybody when it is stopped', async () => {
    const { pool, run } = await openPool({ maxWorkers: 1, deadlineMs: 15_000 });
    const asked = [run('hang', 'a'), run('0', 'b')];
    await pool.stop();
    expect(await Promise.all(asked)).toEqual(['died', 'no-room']);
    expect(await run('0', 'c')).toBe('no-room');
  });
});
