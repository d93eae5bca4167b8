import { type Attack, type Reply, shorten, type Target, wonUnlessRefused } from '@signet/testing/attack';
import { readPublishedKeys } from './forge-token.ts';
import { inventPassword, TargetError } from './target.ts';

const login = 'mutation ($i: LoginInput!) { login(input: $i) { accessToken } }';
const loginOfDevice = 'mutation ($i: LoginInput!) { login(input: $i) { deviceToken } }';
const register = 'mutation ($i: RegisterInput!) { register(input: $i) { deviceToken } }';
const reauthenticate = 'mutation ($i: ReauthenticateInput!) { reauthenticate(input: $i) { accessToken } }';
/** A compare that runs, and the owner's own, on a machine that has more to do. */
const allowedKnownMs = 10_000;
/** More than are free, and few enough that others are served meanwhile. */
const closingGuesses = 8;
/** Five are free. */
const guesses = 24;
/** All free, so that each is hashed. */
const timedTries = 4;
const atOnce = 12;
/** A hash is nearly all of the time of a sign-in: what is half of it, and this much less, went without one. */
const tellingMs = 50;

function signIn({ graph }: Target, email: string, password: string) {
  return graph.ask(login, { variables: { i: { email, password } } });
}

function isMuchLonger(ms: number, otherMs: number): boolean {
  return ms > 2 * otherMs && ms > otherMs + tellingMs;
}

/** A device from which somebody has signed in: of a new account, or of one of the seed where a registration ends in a mailbox. */
async function findKnownDevice({ graph, accounts }: Target) {
  const made = { email: `attacked-${Date.now()}@example.com`, password: inventPassword() };
  const registered = await graph.ask(register, { variables: { i: made } });
  const { deviceToken } = (registered.body?.data?.register ?? {}) as { deviceToken?: string };
  if (deviceToken) return { ...made, deviceToken };
  const seeded = { email: accounts.flooded, password: accounts.password };
  const { body, text } = await graph.ask(loginOfDevice, { variables: { i: seeded } });
  const signedIn = body?.data?.login as { deviceToken: string } | undefined;
  if (!signedIn) throw new TargetError(`${seeded.email} can't sign in, and nobody can register: ${text}`);
  return { ...seeded, deviceToken: signedIn.deviceToken };
}

/** Accounts, passwords and keys. */
export const accountAttacks: readonly Attack[] = [
  {
    name: 'guesses',
    tried: `${guesses} wrong passwords and the right one behind them, all at once`,
    async run(target) {
      const { guessed, guessedPassword } = target.accounts;
      const burst = async () => {
        const wrong = Array.from({ length: guesses }, (_, n) =>
          signIn(target, guessed, `wrong password ${n}`),
        );
        const answers = await Promise.all([...wrong, signIn(target, guessed, guessedPassword)]);
        return wonUnlessRefused(answers.at(-1) as Reply);
      };
      // Pauses are short at first: where the machine is slow, one guess may come after the pause by chance. Not two in turn.
      return (await burst()) && (await burst());
    },
  },
  {
    name: 'guesses with a stolen token',
    tried: `${guesses} wrong passwords at reauthenticate and the right one behind them, all at once`,
    async run({ graph, other, accounts: { password } }) {
      const prove = (guess: string) =>
        graph.ask(reauthenticate, { token: other, variables: { i: { password: guess } } });
      const wrong = Array.from({ length: guesses }, (_, n) => prove(`wrong password ${n}`));
      const answers = await Promise.all([...wrong, prove(password)]);
      return wonUnlessRefused(answers.at(-1) as Reply);
    },
  },
  {
    name: 'sign-in closed to its owner',
    tried: `${closingGuesses} wrong passwords for one account and as many for others, then the right one from a known device`,
    async run(target) {
      const { email, password, deviceToken } = await findKnownDevice(target);
      const wrong = await Promise.all([
        ...Array.from({ length: closingGuesses }, (_, n) => signIn(target, email, `wrong password ${n}`)),
        ...Array.from({ length: closingGuesses }, (_, n) =>
          signIn(target, `${n}-${email}`, 'a wrong password'),
        ),
      ]);
      const guessed = wrong.map(wonUnlessRefused).find(Boolean);
      if (guessed) return guessed;
      const { body, text, ms } = await target.graph.ask(login, {
        variables: { i: { email, password, deviceToken } },
      });
      if (!body?.data?.login) return `the owner is kept out: ${shorten(text)}`;
      return ms > allowedKnownMs ? `the owner waited ${Math.round(ms)} ms` : undefined;
    },
  },
  {
    name: 'who has an account',
    tried: 'answers to a wrong password and to an unknown account: text and time',
    async run(target) {
      const pairs: { known: number; unknown: number }[] = [];
      const answers = new Set<string>();
      for (let n = 0; n < timedTries; n += 1) {
        const a = await signIn(target, target.accounts.timed, `wrong password ${n}`);
        const b = await signIn(target, `nobody-${Date.now()}@example.com`, `wrong password ${n}`);
        for (const { status, body } of [a, b]) answers.add(`${status} ${JSON.stringify(body, withoutIds)}`);
        pairs.push({ known: a.ms, unknown: b.ms });
      }
      if (answers.size > 1) return `the answers differ: ${[...answers].map(shorten).join(' / ')}`;
      // A hash that one of them does without shows in each pair, on the same side. What else the machine does lengthens now one, now the other.
      const isTold =
        pairs.every(({ known, unknown }) => isMuchLonger(known, unknown)) ||
        pairs.every(({ known, unknown }) => isMuchLonger(unknown, known));
      const times = pairs.map(({ known, unknown }) => `${Math.round(known)} and ${Math.round(unknown)}`);
      return isTold ? `wrong password and unknown account: ${times.join(', ')} ms` : undefined;
    },
  },
  {
    name: 'SQL in a sign-in',
    tried: "' or 1=1 -- as e-mail and as password",
    async run(target) {
      const injection = "' or 1=1 --";
      return (
        wonUnlessRefused(await signIn(target, injection, injection)) ??
        wonUnlessRefused(await signIn(target, target.accounts.customer, injection))
      );
    },
  },
  {
    name: 'private keys',
    tried: 'private parts in the published key sets, and one key in both',
    async run({ user, portal }) {
      const sets = [await readPublishedKeys(user, 'user'), await readPublishedKeys(portal, 'portal')];
      const secret = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];
      if (sets.flat().some((key) => secret.some((part) => part in key))) return 'a private part is published';
      const [users = [], staff = []] = sets;
      const shared = users.find((key) => staff.some((other) => other.kid === key.kid || other.x === key.x));
      return shared ? `both platforms sign with ${shared.kid}` : undefined;
    },
  },
  {
    name: 'keys of the other platform',
    tried: "staff's keys at the customers' entrance, and the other way round",
    async run({ user, portal }) {
      const foreign = [
        ...(await readPublishedKeys(user, 'portal')),
        ...(await readPublishedKeys(portal, 'user')),
      ];
      return foreign.length > 0 ? `${foreign.length} keys` : undefined;
    },
  },
  {
    name: 'flood of sign-ins',
    tried: `${atOnce} sign-ins at once: are others served?`,
    async run(target) {
      const flood = Array.from({ length: atOnce }, (_, n) =>
        signIn(target, `flood-${n}@example.com`, 'x'.repeat(128)),
      );
      const replies = await Promise.all(flood);
      const broken = replies.find(({ status }) => status >= 500 && status !== 503);
      return broken
        ? `HTTP ${broken.status}: ${shorten(broken.text)}`
        : replies.map(wonUnlessRefused).find(Boolean);
    },
  },
];

/** Each answer has the id of its own request. */
function withoutIds(name: string, value: unknown): unknown {
  return name === 'requestId' ? undefined : value;
}
