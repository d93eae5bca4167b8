// Does an answer, or its time, tell whether an address has an account? npm run bench -- bench/enumeration.ts [tries] [operation]
import { createDatabase } from '@signet/db';
import { sql } from 'kysely';
import { createPost, mean, type Post, time } from './support/measure.ts';
import { emails, password, startAuthProcess } from './support/start-auth.ts';

const tries = Number(process.argv[2] ?? 30);
const only = process.argv[3];
const allowedDifference = 0.15;
const many = '999999999';
const verified = 'verified@example.com';

let last = 0;
const freeEmail = () => {
  last += 1;
  return `free-${last}@example.com`;
};
const cases: Record<string, Record<string, () => string>> = {
  register: {
    free: freeEmail,
    taken: () => verified,
    unverified: () => emails.active,
    deactivated: () => emails.inactive,
  },
  requestPasswordReset: { unknown: freeEmail, known: () => verified, deactivated: () => emails.inactive },
  requestPortalPasswordReset: {
    unknown: freeEmail,
    known: () => emails.active,
    deactivated: () => emails.inactive,
  },
  login: { unknown: freeEmail, known: () => verified, deactivated: () => emails.inactive },
  changeEmail: { free: freeEmail, taken: () => verified, unverified: () => emails.inactive },
};

/** They take some milliseconds, of which a pause of the process or the machine is much: ten times as many tries. */
const withoutHash = ['requestPasswordReset', 'requestPortalPasswordReset', 'changeEmail'];

const auth = await startAuthProcess({
  MAIL_URL: 'mailbox:',
  MAIL_FROM: 'Signet <no-reply@example.com>',
  USER_APP_URL: 'https://shop.example',
  PORTAL_APP_URL: 'https://desk.example',
  STAFF_MFA: 'optional',
  THROTTLE_REGISTRATIONS: many,
  THROTTLE_MAIL_REQUESTS: many,
  THROTTLE_MAILS: many,
});
try {
  await prepare();
  const post = createPost(auth.url);
  console.log(
    `${tries} tries of each kind, ten times as many where nothing is hashed, in random order; mean in ms\n`,
  );
  console.log('| operation | by kind of address | difference of means | bytes |\n| --- | --- | ---: | --- |');
  for (const [field, kinds] of Object.entries(cases)) {
    if (only === undefined || field === only) console.log(await measure(post, field, kinds));
  }
} finally {
  await auth.stop();
}

/** A line of the table. Sets the exit code where something tells the kinds apart. */
async function measure(post: Post, field: string, kinds: Record<string, () => string>): Promise<string> {
  const ask = await prepareAsk(post, field);
  const times = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
  const nextTimes = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
  const answers = new Set<string>();
  const rounds = withoutHash.includes(field) ? tries * 10 : tries;
  for (let warmUp = 0; warmUp < rounds / 10; warmUp++) await ask(freeEmail());
  for (let round = 0; round < rounds; round++) {
    for (const [kind, email] of shuffle(Object.entries(kinds))) {
      const address = email();
      let answer: unknown;
      times.get(kind)?.push(
        await time(async () => {
          answer = await ask(address);
        }),
      );
      answers.add(hideRandom(answer));
      // What is done after the answer must not show in the time of the client's next request.
      nextTimes.get(kind)?.push(await time(() => ask(freeEmail())));
    }
  }
  if (answers.size > 1) process.exitCode = 1;
  const bytes = answers.size === 1 ? 'equal' : 'DIFFERENT';
  return `| \`${field}\` | ${compare(times)} | ${bytes} |\n| the request after it | ${compare(nextTimes)} | |`;
}

/** Two cells of the table. Sets the exit code where the means differ too much. */
function compare(times: ReadonlyMap<string, number[]>): string {
  const means = [...times].map(([kind, values]) => [kind, mean(values)] as const);
  const all = means.map(([, value]) => value);
  const difference = (Math.max(...all) - Math.min(...all)) / mean(all);
  if (difference > allowedDifference) process.exitCode = 1;
  const shown = means.map(([kind, value]) => `${kind} ${value.toFixed(1)}`).join(', ');
  return `${shown} | ${(100 * difference).toFixed(1)} %`;
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

async function prepareAsk(post: Post, field: string): Promise<(email: string) => Promise<unknown>> {
  if (field === 'changeEmail') {
    const signIn = await post('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', {
      input: { email: emails.active, password },
    });
    const { accessToken } = (signIn.data as { login: { accessToken: string } }).login;
    const query = 'mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) }';
    return (newEmail) => post(query, { input: { newEmail } }, accessToken);
  }
  if (field === 'register') {
    const query = 'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }';
    return (email) => post(query, { input: { email, password: 'ten red hens in a barn' } });
  }
  if (field === 'login') {
    const query = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
    return (email) => post(query, { input: { email, password: 'a wrong password' } });
  }
  const query = `mutation ($input: RequestPasswordResetInput!) { ${field}(input: $input) }`;
  return (email) => post(query, { input: { email } });
}

/** What is random in each answer: a challenge's id, and its time. */
function hideRandom(answer: unknown): string {
  return JSON.stringify(answer)
    .replace(/"id":"[\w-]{43}"/, '"id":""')
    .replace(/"expiresAt":"[^"]{24}"/, '"expiresAt":""');
}

/** Customers may register; one account has verified its address, and may not do more than others. */
async function prepare(): Promise<void> {
  const db = createDatabase(auth.adminUrl);
  await sql`update auth.tenant set self_registration = true`.execute(db);
  await sql`
    insert into auth.user (tenant_id, email, email_verified, password_hash, pepper_id)
    select tenant_id, ${verified}, true, password_hash, pepper_id from auth.user where email = ${emails.active}`.execute(
    db,
  );
  await db.destroy();
}
