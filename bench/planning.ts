// Operations that take more than a minute to plan come each second. What do others wait? npm run bench -- bench/planning.ts [seconds]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { addressHeader } from '../gateway/src/planning/chain-gateway.test-support.ts';
import { chainOf } from '../gateway/src/planning/planner-bomb.test-support.ts';
import { percentile, time } from './support/measure.ts';

const seconds = Number(process.argv[2] ?? 20);
const allowedKnownP99Ms = 100;

const child = spawn(process.execPath, [join(import.meta.dirname, 'support/chain-gateway-process.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const exited = once(child, 'exit');
const [firstOutput] = (await once(child.stdout, 'data')) as [Buffer];
const url = firstOutput.toString().trim();
const dispatcher = new Agent({ connections: 200 });

const ask = async (query: string, address: string) => {
  const { statusCode, body } = await request(url, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/json', [addressHeader]: address },
    body: JSON.stringify({ query }),
  });
  await body.dump();
  return statusCode;
};
const known = chainOf(1, 'known');
for (let count = 0; count < 200; count += 1) await ask(known, '192.0.2.1');

/** Known ones one after the other; a new one each 200 ms. */
const measure = async (bombAddresses: readonly string[]) => {
  const end = performance.now() + seconds * 1000;
  const isOver = () => performance.now() >= end;
  const times = { known: [] as number[], unknown: [] as number[] };
  const unknownStatuses = new Map<number, number>();
  const bombs: Promise<number>[] = [];
  const run = `${bombAddresses.length}-${Math.random()}`;
  await Promise.all([
    (async () => {
      while (!isOver()) times.known.push(await time(() => ask(known, '192.0.2.1')));
    })(),
    (async () => {
      for (let count = 0; !isOver(); count += 1) {
        const asked = async () => {
          const status = await ask(chainOf(1, `${run} ${count}`), `192.0.2.${20 + (count % 50)}`);
          unknownStatuses.set(status, (unknownStatuses.get(status) ?? 0) + 1);
        };
        times.unknown.push(await time(asked));
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })(),
    (async () => {
      for (let count = 0; bombAddresses.length > 0 && !isOver(); count += 1) {
        const address = bombAddresses[count % bombAddresses.length] ?? '';
        bombs.push(ask(chainOf(10, `${run} ${count}`), address));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    })(),
  ]);
  await Promise.all(bombs);
  return { ...times, unknownStatuses, bombs: bombs.length };
};

try {
  for (const addresses of [[], ['203.0.113.1'], ['203.0.113.1', '203.0.113.2', '203.0.113.3']]) {
    const result = await measure(addresses);
    console.log(`${result.bombs} bombs from ${addresses.length} addresses in ${seconds} s`);
    for (const [name, values] of [
      ['known', result.known],
      ['unknown', result.unknown],
    ] as const) {
      const cells = [0.5, 0.99, 1].map((share) => percentile(values, share).toFixed(1));
      console.log(`  ${name}, ${values.length} times: p50, p99, max in ms: ${cells.join(', ')}`);
    }
    console.log(`  unknown ones by status: ${JSON.stringify(Object.fromEntries(result.unknownStatuses))}`);
    if (percentile(result.known, 0.99) > allowedKnownP99Ms) process.exitCode = 1;
  }
} finally {
  await dispatcher.destroy();
  child.stdin.end();
  await exited;
}
