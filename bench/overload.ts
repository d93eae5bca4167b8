// Three times as many requests as the platform can answer: what becomes of those that it lets in, and of how many it does?
// npm run bench -- bench/overload.ts [MAX_IN_FLIGHT; 100000 for no limit] [seconds]
import { Pool } from 'undici';
import { percentile } from './support/measure.ts';
import { startPlatformProcess } from './support/start-platform-process.ts';

const maxInFlight = process.argv[2] ?? '256';
const seconds = Number(process.argv[3] ?? 10);
const overload = 3;
/** The share of the capacity that must still be answered. */
const leastShare = 0.7;
/** Share of all requests that may get no answer while somebody waits for it. */
const mostLost = 0.01;
/** Clients with addresses of their own: one alone may take half of the places only. */
const addresses = Array.from({ length: 16 }, (_, index) => `127.0.0.${index + 2}`);
/** After this time the client has gone. */
const patienceMs = 5000;
const body = JSON.stringify({
  query: '{ products(first: 20) { edges { node { name category { name } stock { available } } } } }',
});

const platform = await startPlatformProcess({}, { MAX_IN_FLIGHT: maxInFlight });
const origin = `http://127.0.0.1:${platform.portBase}`;
// Kept alive, as proxies and browsers do: Node accepts one new connection a turn of its loop, which is another limit.
const connections = 64;
const pools = addresses.map((localAddress) => new Pool(origin, { connections, localAddress }));
try {
  await Promise.all(pools.flatMap((pool) => Array.from({ length: connections }, () => open(pool))));
  await fireClosed(2);
  const capacity = await fireClosed(seconds);
  console.log(`at most ${maxInFlight} under way; capacity: ${capacity.toFixed(0)} requests/s`);
  const { answeredPerSecond, lost } = report(await fireOpen(capacity * overload));
  process.exitCode = answeredPerSecond >= leastShare * capacity && lost <= mostLost ? 0 : 1;
} finally {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await platform.stop();
}

type Outcome = { status: number; ms: number };

/** As many requests as are answered by a few clients that wait for each answer: requests per second. */
async function fireClosed(duration: number): Promise<number> {
  const endAt = performance.now() + duration * 1000;
  const outcomes: Outcome[] = [];
  const client = async (pool: Pool) => {
    while (performance.now() < endAt) outcomes.push(await ask(pool));
  };
  await Promise.all(pools.map(client));
  const failed = outcomes.filter(({ status }) => status !== 200).length;
  if (failed > 0) throw new Error(`${failed} requests of ${outcomes.length} failed without any overload`);
  return outcomes.length / duration;
}

/** Requests at this rate, whether those before them were answered or not. */
async function fireOpen(rate: number): Promise<Outcome[]> {
  const startedAt = performance.now();
  const asked: Promise<Outcome>[] = [];
  while (performance.now() - startedAt < seconds * 1000) {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    while (asked.length < due) asked.push(ask(pools[asked.length % pools.length] as Pool));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(asked);
}

async function open(pool: Pool): Promise<void> {
  const { body: answer } = await pool.request({ method: 'GET', path: '/health/live' });
  await answer.dump();
}

async function ask(pool: Pool): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const { statusCode, body: answer } = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await answer.text();
    const isRight = statusCode === 200 && !text.includes('"errors"');
    return { status: isRight || statusCode !== 200 ? statusCode : 0, ms: performance.now() - startedAt };
  } catch {
    return { status: -1, ms: performance.now() - startedAt };
  }
}

function report(outcomes: Outcome[]): { answeredPerSecond: number; lost: number } {
  const times = (status: number) =>
    outcomes.filter((outcome) => outcome.status === status).map(({ ms }) => ms);
  const [answered, shed] = [times(200), times(503)];
  const inMs = (values: number[], share: number) => `${percentile(values, share).toFixed(0)} ms`;
  console.log(`asked ${(outcomes.length / seconds).toFixed(0)}/s`);
  console.log(
    `answered ${(answered.length / seconds).toFixed(0)}/s, p50 ${inMs(answered, 0.5)}, p99 ${inMs(answered, 0.99)}`,
  );
  console.log(
    `shed ${(shed.length / seconds).toFixed(0)}/s, p50 ${inMs(shed, 0.5)}, p99 ${inMs(shed, 0.99)}`,
  );
  console.log(`errors ${times(0).length}, without an answer in ${patienceMs / 1000} s: ${times(-1).length}`);
  return { answeredPerSecond: answered.length / seconds, lost: times(-1).length / outcomes.length };
}
