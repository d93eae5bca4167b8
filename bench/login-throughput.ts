// How much of the processors' hashing becomes sign-ins, and what do other queries wait meanwhile?
// npm run bench -- bench/login-throughput.ts [seconds]
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createPost, percentile, time } from './support/measure.ts';
import { emails, password, startAuthProcess } from './support/start-auth.ts';

const seconds = Number(process.argv[2] ?? 15);
const cores = availableParallelism();
const clients = 4 * cores;
const allowedLoss = 0.15;
const allowedP99Ms = 100;
const pauseMs = 10;

/** Compares a second, with a thread for each processor and nothing beside them. */
async function measureCapacity(): Promise<number> {
  const threads = Array.from(
    { length: cores },
    () => new Worker(new URL('./support/hash-thread.ts', import.meta.url), { workerData: seconds * 1000 }),
  );
  const counts = await Promise.all(threads.map(async (thread) => Number((await once(thread, 'message'))[0])));
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

const auth = await startAuthProcess();
try {
  const post = createPost(auth.url);
  const loginQuery = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
  const input = { email: emails.active, password };
  const { data } = await post(loginQuery, { input });
  const token = (data as { login: { accessToken: string } }).login.accessToken;
  const askMe = () => time(() => post('{ me { email } }', {}, token));
  for (let warmUp = 0; warmUp < 100; warmUp++) await askMe();
  const before = await measureCapacity();
  const end = performance.now() + seconds * 1000;
  let signIns = 0;
  const signInAgainAndAgain = async () => {
    while (performance.now() < end) {
      const { errors } = await post(loginQuery, { input });
      if (performance.now() < end && !errors) signIns += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, signInAgainAndAgain));
  const times: number[] = [];
  while (performance.now() < end) {
    times.push(await askMe());
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await all;
  const capacity = (before + (await measureCapacity())) / 2;
  const loss = 1 - signIns / seconds / capacity;
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1));
  console.log(`${cores} processors compare ${capacity.toFixed(2)} passwords a second`);
  console.log(
    `sign-ins: ${(signIns / seconds).toFixed(2)} a second, ${(100 * loss).toFixed(1)} % less (${100 * allowedLoss} % allowed)`,
  );
  console.log(
    `{ me { email } } meanwhile, ${times.length} times: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms (p99 of ${allowedP99Ms} ms allowed)`,
  );
  if (loss > allowedLoss || percentile(times, 0.99) > allowedP99Ms) process.exitCode = 1;
} finally {
  await auth.stop();
}
