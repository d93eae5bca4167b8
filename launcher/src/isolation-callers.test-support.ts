import { createHash } from 'node:crypto';
import { postGraphql } from '@signet/testing';
import { deviceWith, faults } from './faulty-proxy.test-support.ts';

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
  /** Ids of own orders; none of staff. */
  orders: string[];
};

export type Doors = Record<'graph' | 'user' | 'portal', string>;

/** In an answer that says that there is no time for it, or that a subgraph is away. */
export const outage = /"reason":"(?:auth|service)\.unavailable"/;
export const maxTries = 20;
export const retryAfterMs = 300;

const password = 'correct horse battery staple';

// One text for all callers: what is kept of a document is kept for all of them.
const mine = `query Mine($first: Int!) {
  me {
    id email fullName
    orders(first: $first) {
      edges { node { id total { amount currency } customer { email } items { quantity product { id name stock { available } } } } }
    }
  }
}`;
const sessions = 'query Sessions { mySessions { id device current } }';
const order = 'query OneOrder($id: ID!) { order(id: $id) { id total { amount } customer { email } } }';
const mixed = 'query Mixed($staff: Boolean!) { me { email } portalHealth @include(if: $staff) }';
const desk = `query Desk($search: String) {
  portalMe { id email role }
  customers(first: 3, search: $search) {
    totalCount
    edges { node { email fullName orders(first: 2) { edges { node { id total { amount } } } } } }
  }
}`;
const staff = 'query Staff { staffMembers(first: 50) { edges { node { email role } } } }';
const products =
  'query Products { products(first: 5) { totalCount edges { node { id name stock { available } } } } }';

/** Signs somebody in, from a device of their own and with a cookie, as a page of the entrance does. */
export async function signIn(
  doors: Doors,
  { email, platform, tenant }: { email: string; platform: 'user' | 'portal'; tenant: string },
): Promise<SignedIn> {
  const field = platform === 'user' ? 'login' : 'portalLogin';
  const query = `mutation ($input: LoginInput!) { it: ${field}(input: $input) { accessToken } }`;
  const variables = { input: { email, password } };
  const device = { 'x-tenant': tenant, 'user-agent': `Device of ${email} at ${tenant}` };
  const headers = { ...device, ...byCookie(doors) };
  const signedIn = await postGraphql(`${doors.graph}/graphql`, { query, variables }, { headers });
  const token = String(signedIn.body.data.it.accessToken);
  const cookie = cookieOf(signedIn.headers);
  const orders =
    platform === 'user'
      ? (
          await postGraphql(`${doors.user}/graphql`, { query: mine, variables: { first: 5 } }, { token })
        ).body.data.me.orders.edges.map(({ node }: { node: { id: string } }) => node.id)
      : [];
  return { name: `${email} of ${tenant}`, email, platform, tenant, token, cookie, orders };
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
  const [line = '', ...others] = headers.getSetCookie();
  if (others.length > 0) throw new Error(`an answer sets ${others.length + 1} cookies`);
  return line.split(';', 1)[0] ?? '';
}

/** E-mail addresses of the active customers of a tenant who have placed orders. */
export async function findBuyers(doors: Doors, { token }: SignedIn): Promise<string[]> {
  const query =
    '{ customers(first: 50) { edges { node { email isActive orders(first: 1) { edges { cursor } } } } } }';
  const { body } = await postGraphql(`${doors.portal}/graphql`, { query }, { token });
  type Customer = { email: string; isActive: boolean; orders: { edges: unknown[] } };
  return body.data.customers.edges
    .map(({ node }: { node: Customer }) => node)
    .filter(({ isActive, orders }: Customer) => isActive && orders.edges.length > 0)
    .map(({ email }: Customer) => email);
}

/** All that these callers ask for: what they may have, what is refused, and what goes wrong on the way. */
export function listAsks(
  doors: Doors,
  callers: readonly SignedIn[],
  badTokens: Record<string, string>,
): Ask[] {
  const customers = callers.filter(({ platform }) => platform === 'user');
  return [
    ...customers.flatMap((caller, index) => {
      const neighbour = customers[(index + 1) % customers.length];
      return asksOfCustomer(doors, caller, neighbour?.orders[0] ?? '', index);
    }),
    ...callers
      .filter(({ platform }) => platform === 'portal')
      .flatMap((caller, index) => asksOfStaff(doors, caller, index)),
    ...['demo', 'globex'].flatMap((tenant) => asksOfNobody(doors, tenant)),
    ...Object.entries(badTokens).flatMap(([name, token]) =>
      (['graph', 'user'] as const).map((door) =>
        ask(`${name} token at ${door}`, doors[door], mine, { first: 5 }, { token }),
      ),
    ),
  ];
}

function asksOfCustomer(
  doors: Doors,
  { name, token, orders }: SignedIn,
  foreign: string,
  index: number,
): Ask[] {
  const as = (extra: string) => `${name}: ${extra}`;
  const fault = faults[index % faults.length] ?? 'closed';
  const [otherFault = 'html'] = faults.slice((index + 2) % faults.length);
  return [
    ask(as('mine'), doors.user, mine, { first: 5 }, { token }),
    ask(as('mine at graph'), doors.graph, mine, { first: 5 }, { token }),
    byHash(as('mine by hash'), doors.user, mine, { first: 5 }, { token }),
    ask(as('sessions'), doors.user, sessions, {}, { token }),
    ask(as('own order'), doors.user, order, { id: orders[0] }, { token }),
    ask(as("somebody else's order"), doors.user, order, { id: foreign }, { token }),
    ask(as('without staff'), doors.graph, mixed, { staff: false }, { token }),
    ask(as('with staff'), doors.graph, mixed, { staff: true }, { token }),
    ask(as('at the other door'), doors.portal, desk, {}, { token }),
    ask(as('of another tenant'), doors.user, mine, { first: 5 }, { token, tenant: 'no-such-tenant' }),
    ask(as(`mine, ${fault}`), doors.user, mine, { first: 5 }, { token, device: deviceWith(fault) }),
    ask(
      as(`order, ${otherFault}`),
      doors.graph,
      order,
      { id: orders[0] },
      { token, device: deviceWith(otherFault) },
    ),
    ask(as('a bad variable'), doors.user, order, { id: { of: name } }, { token }),
  ];
}

function asksOfStaff(doors: Doors, { name, token }: SignedIn, index: number): Ask[] {
  const as = (extra: string) => `${name}: ${extra}`;
  const fault = faults[(index + 1) % faults.length] ?? 'closed';
  return [
    ask(as('desk'), doors.portal, desk, { search: 'a' }, { token }),
    ask(as('desk at graph'), doors.graph, desk, { search: 'a' }, { token }),
    ask(as('staff'), doors.portal, staff, {}, { token }),
    ask(as('at the other door'), doors.user, mine, { first: 5 }, { token }),
    ask(as("a customer's"), doors.graph, mixed, { staff: true }, { token }),
    ask(as(`desk, ${fault}`), doors.portal, desk, { search: 'a' }, { token, device: deviceWith(fault) }),
  ];
}

function asksOfNobody(doors: Doors, tenant: string): Ask[] {
  const as = (extra: string) => `nobody at ${tenant}: ${extra}`;
  return [
    ask(as('products'), doors.user, products, {}, { tenant }),
    ask(as('products at graph'), doors.graph, products, {}, { tenant }),
    ask(as('mine'), doors.user, mine, { first: 5 }, { tenant }),
    ask(as('desk'), doors.portal, desk, {}, { tenant }),
    ask(as('not valid'), doors.user, `{ nothing_of_${tenant} }`, {}, { tenant }),
    ask(as('no GraphQL'), doors.user, `{ ${tenant}`, {}, { tenant }),
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
  const { body, ...rest } = byHash('store', doors.user, mine, { first: 5 }, { token });
  return { ...rest, body: { ...body, query: mine } };
}
