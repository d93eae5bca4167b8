// Is anybody refused while the signing keys of both platforms rotate? npm run bench -- bench/rotation.ts [seconds]
//
// Everything under npm start, in a process of its own, with its verifiers as they are in production (key sets kept 5 minutes,
// an unknown kid asks once in 30 s). Shorter than there: a token lives 8 s instead of 15 and 10 minutes, a key is published 15 s
// before it signs instead of 16 minutes, so that in a minute keys are made, promoted and retired, and every client refreshes often.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { runCommand } from '../cli/src/main.ts';
import { percentile } from './support/measure.ts';
import { startPlatformProcess } from './support/start-platform-process.ts';

const seconds = Number(process.argv[2] ?? 60);
const rotations = 3;
const clientsPerPlatform = 4;
const warmUpSeconds = 16;
const tokenSeconds = 8;
const password = 'correct horse battery staple';
const timing = { publicationSeconds: 15, pollSeconds: 1, staleSeconds: 2 };
const lifetimes = {
  USER_ACCESS_TOKEN_SECONDS: String(tokenSeconds),
  PORTAL_ACCESS_TOKEN_SECONDS: String(tokenSeconds),
};

type Answer = { status: number; data?: Record<string, never> | null; errors?: unknown[] };
type Tokens = { accessToken: string; refreshToken: string };

const sides = {
  user: {
    email: 'ada@example.com',
    login: 'login',
    refresh: 'refresh',
    queries: [
      '{ me { email orders(first: 2) { edges { node { total { amount } items { product { name } } } } } } }',
      '{ me { id } }',
      '{ products(first: 3) { edges { node { name } } } }',
    ],
  },
  portal: {
    email: 'support@example.com',
    login: 'portalLogin',
    refresh: 'portalRefresh',
    queries: ['{ portalHealth }', '{ dashboard { customers orders { placed } } }', '{ portalMe { email } }'],
  },
} as const;
type Side = keyof typeof sides;

const counts = { requests: 0, refreshes: 0, signIns: 0, refused: 0 };
const kids = { user: new Set<string>(), portal: new Set<string>() };
const times: number[] = [];
const refusals: string[] = [];

const platform = await startPlatformProcess({ env: lifetimes, keyTiming: timing });
try {
  const starts: ((end: number) => Promise<void>)[] = [];
  for (const side of ['user', 'portal'] as const) {
    for (let index = 0; index < clientsPerPlatform; index++) {
      // One after the other: sign-ins for one account that run at once look like guessing, and wait.
      const tokens = await signIn(side, urlOf(side, index));
      starts.push((end) => runClient(side, index, tokens, end));
    }
    starts.push((end) => signInNowAndThen(side, end));
  }
  const end = performance.now() + (warmUpSeconds + seconds) * 1000;
  const clients = Promise.all(starts.map((start) => start(end)));
  await sleep(warmUpSeconds * 1000);
  for (let rotation = 0; rotation < rotations; rotation++) {
    await sleep((seconds * 1000) / (2 * rotations));
    await Promise.all(
      (['user', 'portal'] as const).map((side) => keys('rotate', '--platform', side, '--now')),
    );
    await sleep((seconds * 1000) / (2 * rotations));
  }
  await clients;
  report(await keys('list'));
} finally {
  await platform.stop();
}

/** A frontend: asks again and again, and refreshes shortly before its token expires. */
async function runClient(side: Side, index: number, first: Tokens, end: number): Promise<void> {
  const { queries, refresh } = sides[side];
  const url = urlOf(side, index);
  let tokens = first;
  let expiresAt = expiryOf(tokens);
  for (let turn = index; performance.now() < end; turn++) {
    if (expiresAt - Date.now() < 500) {
      counts.refreshes += 1;
      const query = `mutation { tokens: ${refresh}(input: { refreshToken: "${tokens.refreshToken}" }) { accessToken refreshToken } }`;
      const { data } = await ask(url, query);
      tokens = (data?.tokens as Tokens | undefined) ?? (await signIn(side, url));
      kids[side].add(decodeProtectedHeader(tokens.accessToken).kid ?? '');
      expiresAt = expiryOf(tokens);
    }
    const startedAt = performance.now();
    await ask(url, queries[turn % queries.length] as string, tokens.accessToken);
    times.push(performance.now() - startedAt);
    counts.requests += 1;
    await sleep(20);
  }
}

async function signInNowAndThen(side: Side, end: number): Promise<void> {
  while (performance.now() < end) {
    await signIn(side, urlOf(side, 0));
    await sleep(3000);
  }
}

async function signIn(side: Side, url: string): Promise<Tokens> {
  counts.signIns += 1;
  const { email, login } = sides[side];
  const query = `mutation { tokens: ${login}(input: { email: "${email}", password: "${password}" }) { accessToken refreshToken } }`;
  const { data } = await ask(url, query);
  const tokens = data?.tokens as Tokens | undefined;
  if (!tokens) {
    throw new Error(`${login} failed: ${refusals.at(-1)}`);
  }
  kids[side].add(decodeProtectedHeader(tokens.accessToken).kid ?? '');
  return tokens;
}

/** Every client here is honest: whatever is not data is a refusal that should not be. */
async function ask(url: string, query: string, token?: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  const answer = (await response.json()) as Answer;
  if (!response.ok || answer.errors) {
    counts.refused += 1;
    refusals.push(`${response.status} ${JSON.stringify(answer.errors)} ${query.slice(0, 40)}`);
  }
  return answer;
}

/** Every second client comes through the entrance with both doors. */
function urlOf(side: Side, index: number): string {
  const own = side === 'user' ? 1 : 2;
  return `http://localhost:${platform.portBase + (index % 2 === 0 ? own : 0)}/graphql`;
}

function expiryOf({ accessToken }: Tokens): number {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).exp * 1000;
}

async function keys(...argv: string[]): Promise<string> {
  let printed = '';
  const print = (text: string) => {
    printed += `${text}\n`;
  };
  const env = { ...platform.env, ...lifetimes };
  const io = { env, stdin: process.stdin, print, printError: print, keyTiming: timing };
  const code = await runCommand(['keys', ...argv], io);
  if (code !== 0) {
    throw new Error(printed);
  }
  return printed;
}

function report(list: string): void {
  const count = (state: string) => list.split('\n').filter((line) => line.includes(` ${state} `)).length;
  console.log(list);
  console.log(
    `${rotations} rotations of both platforms in ${seconds} s of load, after ${warmUpSeconds} s of warm-up`,
  );
  console.log(`  ${counts.requests} requests, ${counts.refreshes} refreshes, ${counts.signIns} sign-ins`);
  console.log(
    `  signed with: ${kids.user.size} user keys, ${kids.portal.size} portal keys; retired meanwhile: ${count('retired')}`,
  );
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1));
  console.log(`  p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`);
  console.log(`  refused: ${counts.refused}`);
  for (const refusal of refusals.slice(0, 10)) {
    console.log(`    ${refusal}`);
  }
  if (counts.refused > 0) {
    process.exitCode = 1;
  }
}
