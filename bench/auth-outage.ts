// Auth is killed under load and stays away: how many requests with unexpired tokens are refused meanwhile?
// npm run bench -- bench/auth-outage.ts [seconds]
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './support/measure.ts';
import { type AuthProcess, emails, password, startAuthProcess } from './support/start-auth.ts';
import { startVerifiers } from './support/start-verifiers.ts';

const outageSeconds = Number(process.argv[2] ?? 60);
const clients = 8;
const query = '{ myOrders { edges { node { status } } } }';

const auth = await startAuthProcess();
try {
  const verifiers = await startVerifiers(auth);
  try {
    await run(auth, verifiers.gateway);
  } finally {
    await verifiers.stop();
  }
} finally {
  await auth.stop();
}

async function run({ kill, url: authUrl }: AuthProcess, gatewayUrl: string): Promise<void> {
  const tokens: string[] = [];
  while (tokens.length < clients) tokens.push(await signIn(authUrl));
  for (const token of tokens) await ask(gatewayUrl, token);
  kill();
  await sleep(500);
  const isDown = await fetch(authUrl).then(
    () => false,
    () => true,
  );
  const latencies: number[] = [];
  const refusals: string[] = [];
  const endAt = Date.now() + outageSeconds * 1000;
  await Promise.all(
    tokens.map(async (token) => {
      while (Date.now() < endAt) {
        const startedAt = performance.now();
        const refusal = await ask(gatewayUrl, token);
        latencies.push(performance.now() - startedAt);
        if (refusal) refusals.push(refusal);
      }
    }),
  );
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(latencies, share).toFixed(1));
  console.log(
    `auth was ${isDown ? 'down' : 'UP'} for ${outageSeconds} s: ${latencies.length} requests, ${refusals.length} refused`,
  );
  console.log(`p50 ${p50} ms, p99 ${p99} ms`);
  if (refusals.length > 0) console.log([...new Set(refusals)].join('\n'));
  process.exitCode = isDown && refusals.length === 0 && latencies.length > 0 ? 0 : 1;
}

/** Why the request was refused, or nothing. */
async function ask(url: string, token: string): Promise<string | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await response.json()) as { errors?: { message: string }[] };
  return response.ok && !errors ? undefined : `${response.status} ${errors?.[0]?.message}`;
}

async function signIn(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }',
      variables: { input: { email: emails.active, password } },
    }),
  });
  const { data } = (await response.json()) as { data: { login: { accessToken: string } } };
  return data.login.accessToken;
}
