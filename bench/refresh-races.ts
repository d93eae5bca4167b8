// Does a session live that should be dead? Refresh and sign-in race whatever ends sessions. npm run bench -- bench/refresh-races.ts [tries] [name of a race]

import { percentile } from './support/measure.ts';
import { addRaceAccounts, type RaceAccount } from './support/race-accounts.ts';
import { createRaceClient, type Tokens } from './support/race-client.ts';
import { startAuthProcess } from './support/start-auth.ts';

const tries = Number(process.argv[2] ?? 200);
const only = process.argv[3];
const atOnce = 4;
const parallelRefreshes = 50;
const newPassword = 'eleven pears in a cellar';

const auth = await startAuthProcess();
const { accounts, admin, portal } = await addRaceAccounts(auth, tries);
const client = createRaceClient(auth.url);

/** What ends sessions, and which of them may live afterwards. */
type Rival = {
  platform: 'user' | 'portal';
  /** `own` is a session of the same account that takes no part in the race. */
  run(account: RaceAccount, raced: Tokens, own: Tokens): Promise<unknown>;
  mayLive(session: { sid: string; role?: string }, raced: Tokens, own: Tokens): boolean;
};

const adminTokens = () => mustSignIn('portal', admin);
const isOther = ({ sid }: { sid: string }, raced: Tokens) => sid !== raced.sid;
const rivals: Record<string, Rival> = {
  'sign-out': {
    platform: 'user',
    run: (_account, raced) => client.must('mutation { logout }', {}, raced.accessToken),
    mayLive: isOther,
  },
  'ending other sessions': {
    platform: 'user',
    run: (_account, _raced, own) => client.must('mutation { endOtherSessions }', {}, own.accessToken),
    mayLive: isOther,
  },
  'a change of password': {
    platform: 'user',
    run: ({ password }, _raced, own) =>
      client.must(
        'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { endedSessions } }',
        { input: { currentPassword: password, newPassword } },
        own.accessToken,
      ),
    // Every racing sign-in had the old password.
    mayLive: ({ sid }, _raced, own) => sid === own.sid,
  },
  suspension: {
    platform: 'user',
    run: ({ id }) => portal.suspend(id),
    mayLive: () => false,
  },
  'a change of role': {
    platform: 'portal',
    run: async ({ id }) =>
      client.must(
        'mutation ($id: ID!) { changeStaffRole(id: $id, role: operations) { id } }',
        { id },
        (await adminTokens()).accessToken,
      ),
    mayLive: ({ sid, role }, raced) => sid !== raced.sid && role === 'operations',
  },
  deactivation: {
    platform: 'portal',
    run: async ({ id }) =>
      client.must(
        'mutation ($id: ID!) { deactivateStaff(id: $id) { id } }',
        { id },
        (await adminTokens()).accessToken,
      ),
    mayLive: () => false,
  },
};

async function mustSignIn(...args: Parameters<typeof client.signIn>): Promise<Tokens> {
  const tokens = await client.signIn(...args);
  if (!tokens) throw new Error(`${args[1].email} can not sign in: ${client.unexpected().at(-1)}`);
  return tokens;
}

/** One account: refreshes and signs in until the rival has answered; then no session may live that the rival ended. */
async function race(
  { platform, run, mayLive }: Rival,
  account: RaceAccount,
): Promise<{ turns: number; faults: string[] }> {
  const own = await mustSignIn(platform, account);
  const raced = await mustSignIn(platform, account);
  const latest = new Map<string, Tokens>([[raced.sid, raced]]);
  let isOver = false;
  let turns = 0;
  const goOn = async (next: () => Promise<Tokens | undefined>) => {
    while (!isOver) {
      const tokens = await next();
      turns += 1;
      if (!tokens) return;
      latest.set(tokens.sid, tokens);
    }
  };
  const rival = async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
    await run(account, raced, own).finally(() => {
      isOver = true;
    });
  };
  await Promise.all([
    goOn(() => client.refresh(platform, (latest.get(raced.sid) as Tokens).refreshToken)),
    goOn(() => client.signIn(platform, account)),
    rival(),
  ]);
  const faults: string[] = [];
  // Asked of the database first: a token that is used again would end the session that it shows to be alive.
  for (const sid of await portal.liveSessions(platform, account.id)) {
    if (!mayLive({ sid, ...latest.get(sid) }, raced, own)) faults.push(`session ${sid} lives`);
  }
  for (const tokens of latest.values()) {
    const refreshed = await client.refresh(platform, tokens.refreshToken);
    if (refreshed && !mayLive(refreshed, raced, own)) faults.push(`session ${tokens.sid} was refreshed`);
  }
  return { turns, faults };
}

/** One token, exchanged many times at once: how many successors, and how long until the last answer. */
async function refreshAtOnce(account: RaceAccount): Promise<{ successors: number; ms: number }> {
  const { refreshToken } = await mustSignIn('user', account);
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: parallelRefreshes }, () => client.refresh('user', refreshToken)),
  );
  const ms = performance.now() - start;
  return { successors: new Set(answers.map((tokens) => tokens?.refreshToken)).size, ms };
}

try {
  const runs = [];
  for (const account of accounts.parallel) runs.push(await refreshAtOnce(account));
  const wrong = runs.filter(({ successors }) => successors !== 1).length;
  const times = runs.map(({ ms }) => ms);
  console.log(
    `${parallelRefreshes} refreshes of one token at once, ${runs.length} times: ${wrong} times not one successor`,
  );
  console.log(
    `  until the last answer: p50 ${percentile(times, 0.5).toFixed(0)} ms, p99 ${percentile(times, 0.99).toFixed(0)} ms`,
  );
  if (wrong > 0) process.exitCode = 1;
  for (const [name, rival] of Object.entries(rivals)) {
    if (only !== undefined && name !== only) continue;
    const waiting = [...(accounts[name as keyof typeof accounts] ?? [])];
    const results: Awaited<ReturnType<typeof race>>[] = [];
    const work = async () => {
      for (let account = waiting.pop(); account; account = waiting.pop())
        results.push(await race(rival, account));
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    const faults = results.flatMap((result) => result.faults);
    const turns = results.reduce((sum, result) => sum + result.turns, 0);
    console.log(
      `${name} against refresh and sign-in, ${results.length} tries, ${turns} turns: ${faults.length} live that should be dead`,
    );
    for (const fault of faults.slice(0, 5)) console.log(`  ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
  const unexpected = client.unexpected();
  console.log(`answers that were neither tokens nor a refusal: ${unexpected.length}`);
  for (const text of unexpected.slice(0, 5)) console.log(`  ${text}`);
  if (unexpected.length > 0) process.exitCode = 1;
} finally {
  await portal.close();
  await auth.stop();
}
