import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCircuit } from './circuit.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

function setUp(...signs: (boolean | Error)[]) {
  const changes: boolean[] = [];
  const probe = vi.fn(async () => {
    const sign = signs.shift() ?? true;
    if (sign instanceof Error) throw sign;
    return sign;
  });
  const circuit = createCircuit({ probe, onChange: (isOpen) => changes.push(isOpen), pauseMs: 100 });
  return { circuit, probe, changes };
}

async function pass(ms: number) {
  await turn();
  await vi.advanceTimersByTimeAsync(ms);
  await turn();
}

test('stays closed while the subgraph gives signs of life, however often it is doubted', async () => {
  const { circuit, changes } = setUp();
  for (let count = 0; count < 50; count += 1) {
    circuit.suspect();
    await pass(100);
  }
  expect([circuit.isOpen(), changes]).toEqual([false, []]);
});

test('asks once for all who doubt within a pause', async () => {
  const { circuit, probe } = setUp();
  for (let count = 0; count < 50; count += 1) circuit.suspect();
  await pass(99);
  circuit.suspect();
  expect(probe).toHaveBeenCalledTimes(1);
  await pass(1);
  circuit.suspect();
  expect(probe).toHaveBeenCalledTimes(2);
});

test('opens when the health check fails and closes when it succeeds, without being asked again', async () => {
  const { circuit, probe, changes } = setUp(false, new Error('refused'), true);
  circuit.suspect();
  await pass(0);
  expect(circuit.isOpen()).toBe(true);
  await pass(100);
  expect([circuit.isOpen(), probe.mock.calls.length]).toEqual([true, 2]);
  await pass(200);
  expect([circuit.isOpen(), probe.mock.calls.length]).toEqual([false, 3]);
  expect(changes).toEqual([true, false]);
});

test('asks more rarely with time, and never more rarely than each four pauses', async () => {
  const { circuit, probe } = setUp(...Array<boolean>(100).fill(false));
  circuit.suspect();
  await pass(0);
  for (const [wait, calls] of [
    [100, 2],
    [200, 3],
    [400, 4],
    [400, 5],
    [400, 6],
  ] as const) {
    await pass(wait - 1);
    expect(probe).toHaveBeenCalledTimes(calls - 1);
    await pass(1);
    expect(probe).toHaveBeenCalledTimes(calls);
  }
});

test('asks nothing more once it is stopped', async () => {
  const { circuit, probe } = setUp(false, false);
  circuit.suspect();
  await pass(0);
  circuit.stop();
  circuit.suspect();
  await pass(10_000);
  expect(probe).toHaveBeenCalledTimes(1);
});
