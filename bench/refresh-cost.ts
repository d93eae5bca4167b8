// What do a sign-in and a refresh cost in processor time, in auth and in PostgreSQL? npm run bench -- bench/refresh-cost.ts [sessions]
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { readProcessTree } from './compare/process-cpu.ts';
import { createPost, percentile, time } from './support/measure.ts';
import { emails, password, startAuthProcess } from './support/start-auth.ts';

const sessions = Number(process.argv[2] ?? 8);
const rounds = 50;

const auth = await startAuthProcess();
try {
  const post = createPost(auth.url);
  const server = await findServer(auth.adminUrl);
  const signIn = async () => {
    const { data } = await post('mutation ($input: LoginInput!) { login(input: $input) { refreshToken } }', {
      input: { email: emails.active, password },
    });
    return (data as { login: { refreshToken: string } }).login.refreshToken;
  };
  const refresh = async (refreshToken: string) => {
    const { data, errors } = await post(
      'mutation ($token: String!) { refresh(input: { refreshToken: $token }) { refreshToken } }',
      { token: refreshToken },
    );
    if (errors) throw new Error(JSON.stringify(errors));
    return (data as { refresh: { refreshToken: string } }).refresh.refreshToken;
  };
  const warmUp = await signIn();
  await refresh(await refresh(warmUp));
  let tokens: string[] = [];
  await show('a sign-in', sessions, server, async () => {
    tokens = [];
    for (let n = 0; n < sessions; n++) tokens.push(await signIn());
  });
  const times: number[] = [];
  const client = new pg.Client({ connectionString: auth.adminUrl });
  await client.connect();
  await show('a refresh', sessions * rounds, server, async () => {
    for (let round = 0; round < rounds; round++) {
      // Within a minute, a refresh gives the same token again and writes nothing.
      await client.query(
        `update auth.user_refresh_token set created_at = created_at - interval '2 minutes', used_at = used_at - interval '2 minutes'`,
      );
      await client.query('update auth.user_session set refresh_paced_at = null');
      for (const [n, token] of tokens.entries()) {
        times.push(
          await time(async () => {
            tokens[n] = await refresh(token);
          }),
        );
      }
    }
  });
  const { rows } = await client.query('select count(*)::integer as tokens from auth.user_refresh_token');
  await client.end();
  console.log(
    `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms; ${rows[0].tokens} tokens of ${sessions + 1} sessions are left`,
  );
} finally {
  await auth.stop();
}

async function show(name: string, count: number, server: number, fn: () => Promise<void>): Promise<void> {
  const roots = [auth.pid, server];
  const before = roots.map((root) => readProcessTree(root).cpuSeconds);
  await fn();
  const [ours, theirs] = roots.map(
    (root, n) => ((readProcessTree(root).cpuSeconds - (before[n] ?? 0)) * 1000) / count,
  );
  console.log(`${name}: ${ours?.toFixed(2)} ms of CPU in auth, ${theirs?.toFixed(2)} ms in PostgreSQL`);
}

/** The process that started the connections' own. */
async function findServer(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const stat = await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8');
  await client.end();
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
