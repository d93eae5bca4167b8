import { describe, expect, it } from 'vitest';
import { createPasswordQueue } from './password-queue.ts';

/** Jobs by name that end on `endAll`, and the order in which they began. */
function createJobs(queue: ReturnType<typeof createPasswordQueue>) {
  const begun: string[] = [];
  const refused: string[] = [];
  const ends: (() => void)[] = [];
  const add = (lane: string, name = lane) => {
    void queue
      .run(lane, async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      })
      .catch((error: { reason?: string }) => refused.push(`${name} ${error.reason}`));
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const endAll = async () => {
    await settle();
    for (let end = ends.shift(); end; end = ends.shift()) {
      end();
      await settle();
    }
  };
  return { begun, refused, add, settle, endAll };
}

describe('password queue', () => {
  it('lets lanes take turns, however many jobs each has', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 20, maxWaitMs: 5000 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) jobs.add('a', name);
    for (const name of ['b1', 'b2']) jobs.add('b', name);
    jobs.add('c', 'c1');
    await jobs.endAll();
    expect(jobs.begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
    expect(jobs.refused).toEqual([]);
  });

  it('runs as many at once as it may, and no more', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 2, maxWaiting: 20, maxWaitMs: 5000 }));
    for (const name of ['a1', 'a2', 'a3']) jobs.add('a', name);
    await jobs.settle();
    expect(jobs.begun).toEqual(['a1', 'a2']);
    await jobs.endAll();
    expect(jobs.begun).toEqual(['a1', 'a2', 'a3']);
  });

  it('makes room for a newcomer by refusing the newest job of the longest lane, and refuses a newcomer of that lane', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 4, maxWaitMs: 5000 }));
    for (const name of ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']) jobs.add('a', name);
    jobs.add('b');
    jobs.add('c');
    jobs.add('d');
    jobs.add('e');
    await jobs.endAll();
    expect(jobs.refused.sort()).toEqual(
      ['a2', 'a3', 'a4', 'a5', 'e'].map((name) => `${name} auth.throttled`),
    );
    expect(jobs.begun).toEqual(['a0', 'a1', 'b', 'c', 'd']);
  });

  it('refuses a job that waited too long, and does not run it later', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 4, maxWaitMs: 30 }));
    jobs.add('a', 'a1');
    jobs.add('b', 'b1');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(jobs.refused).toEqual(['b1 auth.throttled']);
    jobs.add('c', 'c1');
    await jobs.endAll();
    expect(jobs.begun).toEqual(['a1', 'c1']);
  });

  it('goes on after a job that failed', async () => {
    const queue = createPasswordQueue({ concurrency: 1, maxWaiting: 4, maxWaitMs: 1000 });
    const failed = queue.run('a', () => Promise.reject(new Error('no')));
    const next = queue.run('b', async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });
});
