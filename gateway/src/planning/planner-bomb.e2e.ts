import { shortestOfThree } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressHeader, startChainGateway } from './chain-gateway.test-support.ts';
import { measureLongestBlock } from './event-loop.test-support.ts';
import { chainOf } from './planner-bomb.test-support.ts';

const deadlineMs = 2000;
/** More than a minute to plan. */
const bombLinks = 10;
let gateway: Awaited<ReturnType<typeof startChainGateway>>;

beforeAll(async () => {
  gateway = await startChainGateway({ deadlineMs });
});
afterAll(() => gateway.stop());

const ask = async (query: string, address = '192.0.2.1') => {
  const start = performance.now();
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [addressHeader]: address },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string; reason?: string } }[];
  };
  return { status: response.status, data, errors, ms: performance.now() - start };
};

describe('an operation of 31 characters that takes more than a minute to plan', () => {
  it('is refused at the deadline, as the fault of the request that it is', async () => {
    const { status, errors, ms } = await ask(chainOf(bombLinks, 'refused'));
    expect(ms).toBeGreaterThanOrEqual(deadlineMs);
    expect(status).toBe(400);
    expect(errors).toEqual([
      {
        message: 'The operation takes too long to plan. Ask for less at once, or in parts.',
        extensions: { code: 'BAD_USER_INPUT', reason: 'request.planning' },
      },
    ]);
  });

  it('is refused again at once, without a worker', async () => {
    await ask(chainOf(bombLinks, 'again'));
    const longest = await shortestOfThree(deadlineMs / 2, async () => {
      const again = await Promise.all(Array.from({ length: 20 }, () => ask(chainOf(bombLinks, 'again'))));
      for (const { errors } of again) expect(errors?.[0]?.extensions.reason).toBe('request.planning');
      return Math.max(...again.map(({ ms }) => ms));
    });
    expect(longest).toBeLessThan(deadlineMs / 2);
  });

  it('never blocks the event loop for 100 ms', async () => {
    let turn = 0;
    const shortest = await shortestOfThree(100, async () => {
      turn += 1;
      const bomb = () => ask(chainOf(bombLinks, `block ${turn}`));
      return (await measureLongestBlock(bomb)).cpuMs;
    });
    expect(shortest).toBeLessThan(100);
  });

  it('keeps no known operation waiting, and no new one of others', async () => {
    const known = chainOf(1, 'known');
    await ask(known);
    const order: string[] = [];
    const note =
      (name: string) =>
      ({ status }: { status: number }) =>
        order.push(`${name} ${status}`);
    const bomb = ask(chainOf(bombLinks, 'others')).then(note('bomb'));
    await ask(known).then(note('known'));
    await ask(chainOf(1, 'new'), '192.0.2.2').then(note('new'));
    await bomb;
    expect(order).toEqual(['known 200', 'new 200', 'bomb 400']);
  });

  it('makes its sender wait, not others, though it sends many', async () => {
    const bombs = Array.from({ length: 5 }, (_, index) => ask(chainOf(bombLinks, `flood ${index}`)));
    const others = await Promise.all(
      Array.from({ length: 5 }, (_, index) => ask(chainOf(1, `flooded ${index}`), `192.0.2.${10 + index}`)),
    );
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const statuses = (await Promise.all(bombs)).map(({ status }) => status);
    // One after the other; those whose turn does not come in time get a 503.
    expect(new Set(statuses)).toEqual(new Set([400, 503]));
  });
});
