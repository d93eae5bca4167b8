import { describe, expect, it } from 'vitest';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { createPasswordQueue } from './password-queue.ts';

/** Jobs by name that end on `endAll`, and the order in which they began. */
function createJobs(queue: ReturnType<typeof createPasswordQueue>) {
  const begun: string[] = [];
  const refused: string[] = [];
  const ends: (() => void)[] = [];
  /** `known:…` is somebody who is known; else the prefix of a stranger. */
  const add = (caller: string, name = caller) => {
    void queue
      .run(caller.startsWith('known:') ? caller : [{ prefix: caller, share: 1 }], async () => {
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
  const endOne = async () => {
    await settle();
    ends.shift()?.();
    await settle();
  };
  return { begun, refused, add, settle, endOne, endAll };
}

describe('password queue', () => {
  it('takes first who has used least, however many jobs each has', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 20, maxWaitMs: 5000 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) jobs.add('a', name);
    for (const name of ['b1', 'b2']) jobs.add('b', name);
    jobs.add('c', 'c1');
    await jobs.endAll();
    expect(jobs.begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
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

  it('lets a newcomer in first, though all networks of one allocation come for the first time', async () => {
    const queue = createPasswordQueue({ concurrency: 1, maxWaiting: 6, maxWaitMs: 5000 });
    const begun: string[] = [];
    const ask = (address: string) =>
      queue
        .run(listQueueNetworks(address), async () => {
          begun.push(address);
          await new Promise((resolve) => setTimeout(resolve, 5));
        })
        .catch(() => {});
    const flood = Array.from({ length: 20 }, (_, network) => ask(`2001:db8:${network.toString(16)}::1`));
    const newcomers = ['2001:db9::1', '192.0.2.1'].map(ask);
    await Promise.all([...flood, ...newcomers]);
    expect(begun.slice(1, 3)).toEqual(['2001:db9::1', '192.0.2.1']);
  });

  it('makes room for a newcomer by refusing the newest job of who has most, in use and waiting', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 4, maxWaitMs: 5000 }));
    for (const name of ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']) jobs.add('a', name);
    for (const name of ['b', 'c', 'd', 'e', 'f']) jobs.add(name);
    await jobs.endAll();
    expect(jobs.refused.sort()).toEqual(
      ['a1', 'a2', 'a3', 'a4', 'a5', 'f'].map((name) => `${name} auth.throttled`),
    );
    expect(jobs.begun).toEqual(['a0', 'b', 'c', 'd', 'e']);
  });

  it('has a place for a newcomer, and the next turn, when sixty callers with one job each have had theirs', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 60, maxWaitMs: 5000 }));
    const crowd = Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`);
    for (const caller of crowd) jobs.add(caller);
    await jobs.endAll();
    for (const caller of ['192.0.2.0', ...crowd]) jobs.add(caller, `${caller} again`);
    jobs.add('newcomer');
    await jobs.endAll();
    expect(jobs.begun.slice(60, 62)).toEqual(['192.0.2.0 again', 'newcomer']);
    expect(jobs.refused).toHaveLength(1);
  });

  it('counts the machines of a network together, for a sixteenth of what a machine has', async () => {
    const queue = createPasswordQueue({ concurrency: 1, maxWaiting: 100, maxWaitMs: 5000 });
    const begun: string[] = [];
    const ask = (name: string, ...prefixes: string[]) =>
      queue.run(
        prefixes.map((prefix, index) => ({ prefix, share: index === 0 ? 1 : 16 })),
        async () => void begun.push(name),
      );
    await Promise.all(
      Array.from({ length: 20 }, (_, machine) => ask('earlier', `machine ${machine}`, 'network')),
    );
    begun.length = 0;
    await Promise.all([
      ask('runs', 'x'),
      ask('another of the network', 'machine 99', 'network'),
      ask('newcomer', 'y'),
      ask('has used one', 'x'),
    ]);
    expect(begun).toEqual(['runs', 'newcomer', 'has used one', 'another of the network']);
  });

  it('keeps places for known callers that strangers cannot fill, and lets a stranger in after three of them', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 3, maxWaitMs: 5000 }));
    for (const name of ['s1', 's2', 's3', 's4', 's5']) jobs.add(name);
    for (const name of ['known:a', 'known:b', 'known:c', 'known:d']) jobs.add(name);
    await jobs.endAll();
    expect(jobs.refused.sort()).toEqual(['known:d auth.throttled', 's5 auth.throttled']);
    expect(jobs.begun).toEqual(['s1', 'known:a', 'known:b', 'known:c', 's2', 's3', 's4']);
  });

  it('takes a known caller next, however many strangers it has served before', async () => {
    for (let before = 1; before <= 5; before++) {
      const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 9, maxWaitMs: 5000 }));
      for (let stranger = 0; stranger < 9; stranger++) jobs.add(`s${stranger}`);
      for (let ended = 0; ended < before; ended++) await jobs.endOne();
      jobs.add('known:a');
      await jobs.endAll();
      expect(jobs.begun.indexOf('known:a')).toBe(before + 1);
    }
  });

  it('lets no known caller crowd out the others', async () => {
    const jobs = createJobs(createPasswordQueue({ concurrency: 1, maxWaiting: 3, maxWaitMs: 5000 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) jobs.add('known:a', name);
    jobs.add('known:b');
    await jobs.endAll();
    expect(jobs.begun.slice(0, 2)).toEqual(['a1', 'known:b']);
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
    const failed = queue.run('known:a', () => Promise.reject(new Error('no')));
    const next = queue.run('b', async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });
});
