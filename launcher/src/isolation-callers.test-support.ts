import { createHash } from 'node:crypto';
import { postGraphql } from '@signet/testing';
import { deviceWith, faults } from './faulty-proxy.test-support.ts';
import { seedPassword } from './platform.test-support.ts';
import { type Asker, platformCases, type Question } from './platform-cases.test-support.ts';

/** One request of one caller, which says who it is in `name`. */
export type Ask = { name: string; url: string; headers: Record<string, string>; body: object };

export type SignedIn = {
  name: string;
  email: string;
  platform: 'user' | 'portal';
  tenant: string;
  token: string;
  /** The refresh token, as a browser keeps it: `name=value`. */
  cookie: string;
};

export type Doors = Record<'graph' | 'user' | 'portal', string>;

/** In an answer that says that there is no time for it, or that a subgraph is down. */
export const outage = /"reason":"(auth|service)\.unavailable"/;
export const maxTries = 20;
export const retryAfterMs = 300;

// One text for all callers: what is kept of a document is kept for all of them.
const mine = 'query Mine { me { id email fullName } }';
const sessions = 'query Sessions { mySessions { id device current } }';
const mixed = 'query Mixed($staff: Boolean!) { me { email } portalHealth @include(if: $staff) }';
const desk = `query Desk($search: String) {
  portalMe { id email role }
  customers(first: 3, search: $search) {
    totalCount
    edges { node { email fullName supportNotes(first: 2) { edges { node { body author { email } } } } } }
  }
}`;
const staff = 'query Staff { staffMembers(first: 50) { edges { node { email role } } } }';

/** Signs somebody in, from a device of their own and with a cookie, as a page of the entrance does. */
export async function signIn(
  doors: Doors,
  { email, platform, tenant }: { email: string; platform: 'user' | 'portal'; tenant: string },
): Promise<SignedIn> {
  const field = platform === 'user' ? 'login' : 'portalLogin';
  const query = `mutation ($input: LoginInput!) { it: ${field}(input: $input) { accessToken } }`;
  const variables = { input: { email, password: seedPassword } };
  const device = { 'x-tenant': tenant, 'user-agent': `Device of ${email} at ${tenant}` };
  const headers = { ...device, ...byCookie(doors) };
  const signedIn = await postGraphql(`${doors.graph}/graphql`, { query, variables }, { headers });
  const token = String(signedIn.body.data.it.accessToken);
  const cookie = cookieOf(signedIn.headers);
  return { name: `${email} of ${tenant}`, email, platform, tenant, token, cookie };
}

/** New tokens for the cookie: whose session they are of, and the next cookie. */
export async function refreshByCookie(
  doors: Doors,
  { platform, tenant, cookie }: SignedIn,
): Promise<{ subject: string; session: string; cookie: string }> {
  const query = `mutation { it: ${platform === 'user' ? 'refresh' : 'portalRefresh'} { accessToken refreshToken } }`;
  const headers = { ...byCookie(doors), 'x-tenant': tenant, cookie };
  for (let tries = 1; ; tries += 1) {
    const { body, headers: answered } = await postGraphql(`${doors.graph}/graphql`, { query }, { headers });
    if (body.data) {
      return { ...claimsOf(String(body.data.it.accessToken)), cookie: cookieOf(answered) };
    }
    const text = JSON.stringify(body);
    if (tries === maxTries || !outage.test(text)) throw new Error(`no new tokens for a cookie: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
  }
}

/** Whose token it is. */
export function claimsOf(token: string): { subject: string; session: string } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return { subject: claims.sub, session: claims.sid };
}

function byCookie({ graph }: Doors) {
  return { 'signet-session': 'cookie', origin: graph };
}

function cookieOf(headers: Headers): string {
  // Beside the device cookie, which opens nothing.
  const [line = '', ...others] = headers.getSetCookie().filter((text) => !text.includes('-device='));
  if (others.length > 0) throw new Error(`an answer sets ${others.length + 1} cookies`);
  return line.split(';', 1)[0] ?? '';
}

/** E-mail addresses of active customers of a tenant. */
export async function findCustomers(doors: Doors, { token }: SignedIn): Promise<string[]> {
  const query = '{ customers(first: 50) { edges { node { email isActive } } } }';
  const { body } = await postGraphql(`${doors.portal}/graphql`, { query }, { token });
  type Customer = { email: string; isActive: boolean };
  return body.data.customers.edges
    .map(({ node }: { node: Customer }) => node)
    .filter(({ isActive }: Customer) => isActive)
    .map(({ email }: Customer) => email);
}

/** All that these callers ask for: what they may have, what is refused, and what goes wrong on the way. */
export async function listAsks(
  doors: Doors,
  callers: readonly SignedIn[],
  badTokens: Record<string, string>,
): Promise<Ask[]> {
  const asks = [
    ...callers.flatMap((caller, index) =>
      caller.platform === 'user' ? asksOfCustomer(doors, caller) : asksOfStaff(doors, caller, index),
    ),
    ...['demo', 'globex'].flatMap((tenant) => asksOfNobody(doors, tenant)),
    ...Object.entries(badTokens).flatMap(([name, token]) =>
      (['graph', 'user'] as const).map((door) =>
        ask(`${name} token at ${door}`, doors[door], mine, {}, { token }),
      ),
    ),
  ];
  for (const [index, caller] of callers.entries()) {
    const others = callers.filter(({ platform }) => platform === caller.platform);
    const neighbour = others[(others.indexOf(caller) + 1) % others.length] ?? caller;
    asks.push(...(await asksOfSubgraphs(doors, { caller, neighbour, index })));
  }
  return asks;
}

type Neighbours = { caller: SignedIn; neighbour: SignedIn; index: number };

/** What the subgraphs' own cases say that this caller may ask, also with one of the faults. */
async function asksOfSubgraphs(doors: Doors, { caller, neighbour, index }: Neighbours): Promise<Ask[]> {
  const { name, platform, token } = caller;
  const [one, other] = [caller, neighbour].map(
    (signedIn): Asker => ({
      platform,
      ask: (query) => postGraphql(`${doors.graph}/graphql`, { query }, { token: signedIn.token }),
    }),
  ) as [Asker, Asker];
  const questions: Question[] = [];
  for (const cases of platformCases.values()) {
    questions.push(...((await cases.findQuestions?.(one, other)) ?? []));
  }
  return questions.flatMap(({ name: what, query, variables = {} }, position) => {
    const fault = faults[(index + position) % faults.length] ?? 'closed';
    const as = (extra: string) => `${name}: ${what}${extra}`;
    return [
      ask(as(''), doors[platform], query, variables, { token }),
      ask(as(`, ${fault}`), doors[platform], query, variables, { token, device: deviceWith(fault) }),
    ];
  });
}

function asksOfCustomer(doors: Doors, { name, token }: SignedIn): Ask[] {
  const as = (extra: string) => `${name}: ${extra}`;
  return [
    ask(as('mine'), doors.user, mine, {}, { token }),
    ask(as('mine at graph'), doors.graph, mine, {}, { token }),
    byHash(as('mine by hash'), doors.user, mine, {}, { token }),
    ask(as('sessions'), doors.user, sessions, {}, { token }),
    ask(as('without staff'), doors.graph, mixed, { staff: false }, { token }),
    ask(as('with staff'), doors.graph, mixed, { staff: true }, { token }),
    ask(as('at the other door'), doors.portal, desk, {}, { token }),
    ask(as('of another tenant'), doors.user, mine, {}, { token, tenant: 'no-such-tenant' }),
    ask(as('a bad variable'), doors.graph, mixed, { staff: { of: name } }, { token }),
  ];
}

function asksOfStaff(doors: Doors, { name, token }: SignedIn, index: number): Ask[] {
  const as = (extra: string) => `${name}: ${extra}`;
  const fault = faults[(index + 1) % faults.length] ?? 'closed';
  return [
    ask(as('desk'), doors.portal, desk, { search: 'a' }, { token }),
    ask(as('desk at graph'), doors.graph, desk, { search: 'a' }, { token }),
    ask(as('staff'), doors.portal, staff, {}, { token }),
    ask(as('at the other door'), doors.user, mine, {}, { token }),
    ask(as("a customer's"), doors.graph, mixed, { staff: true }, { token }),
    ask(as(`desk, ${fault}`), doors.portal, desk, { search: 'a' }, { token, device: deviceWith(fault) }),
    ask(as('desk, closed'), doors.graph, desk, { search: 'a' }, { token, device: deviceWith('closed') }),
  ].filter(({ name: what }, position, all) => all.findIndex((other) => other.name === what) === position);
}

function asksOfNobody(doors: Doors, tenant: string): Ask[] {
  const as = (extra: string) => `nobody at ${tenant}: ${extra}`;
  return [
    ask(as('nothing of anybody'), doors.user, '{ __typename }', {}, { tenant }),
    ask(as('mine'), doors.user, mine, {}, { tenant }),
    ask(as('desk'), doors.portal, desk, {}, { tenant }),
    ask(as('not valid'), doors.user, `{ nothing_of_${tenant} }`, {}, { tenant }),
    ask(as('not GraphQL'), doors.user, `{ ${tenant}`, {}, { tenant }),
  ];
}

type Sender = { token?: string; tenant?: string; device?: string };

function ask(name: string, door: string, query: string, variables: object, sender: Sender): Ask {
  const { token, tenant, device = 'Isolation/1.0' } = sender;
  const headers = {
    'content-type': 'application/json',
    'user-agent': device,
    ...(token && { authorization: `Bearer ${token}` }),
    ...(tenant && { 'x-tenant': tenant }),
  };
  return { name, url: `${door}/graphql`, headers, body: { query, variables } };
}

/** As an automatic persisted query, which others have stored. */
function byHash(name: string, door: string, query: string, variables: object, sender: Sender): Ask {
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const body = { variables, extensions: { persistedQuery: { version: 1, sha256Hash } } };
  return { ...ask(name, door, query, variables, sender), body };
}

/** The request that stores the text for `byHash`. */
export function storeForHash(doors: Doors, { token }: SignedIn): Ask {
  const { body, ...rest } = byHash('store', doors.user, mine, {}, { token });
  return { ...rest, body: { ...body, query: mine } };
}
