import { decodeJwt } from 'jose';
import { assertRefusal, assertThat, createClient, type SmokeClient, step } from './smoke-client.ts';
import { findExpiredToken } from './smoke-expired-token.ts';

const [userUrl = `http://localhost:${process.env.PORT_BASE ?? 4000}`, portalUrl = userUrl] = process.argv
  .slice(2)
  .map((url) => url.replace(/\/(graphql\/?)?$/, ''));
/** Two URLs: an entrance for customers and one for staff. One: an entrance with both doors. */
const isApart = userUrl !== portalUrl;
const password = process.env.SMOKE_PASSWORD ?? 'correct horse battery staple';
const customer = { email: process.env.SMOKE_USER ?? 'ada@example.com', password };
const staff = {
  email: process.env.SMOKE_STAFF ?? 'support@example.com',
  password: process.env.SMOKE_STAFF_PASSWORD ?? password,
};

/**
 * `npm run smoke -- [gateway url] [portal gateway url]`: walks the main paths of a running deployment and prints each; exit 1
 * at the first that is wrong. With a second URL, the first is the entrance for customers, the second the one for staff. Accounts: SMOKE_USER, SMOKE_PASSWORD, SMOKE_STAFF, SMOKE_STAFF_PASSWORD; the development seed's by default.
 */
async function walk(client: SmokeClient, portal: SmokeClient): Promise<void> {
  const userToken = await step('a customer signs in', () => signIn(client, 'login', customer));
  await step('  claims', async () => showClaims(userToken, 'user'));
  await step("a customer's token at a staff field is refused", async () =>
    assertWrongDoor(await portal.query('{ portalHealth }', userToken)),
  );
  const portalToken = await step('staff sign in', () => signIn(portal, 'portalLogin', staff));
  await step('  claims', async () => showClaims(portalToken, 'portal'));
  await step("a staff token at a customer's field is refused", async () =>
    assertWrongDoor(await client.query('{ me { id email } }', portalToken)),
  );
  await step('a staff operation answers', async () => {
    const { data } = await portal.query(
      '{ portalHealth dashboard { customers orders { placed } } }',
      portalToken,
    );
    assertThat(data?.portalHealth === 'ok', 'portalHealth is not "ok"');
    return JSON.stringify(data);
  });
  await step("a customer's order crosses auth, orders, catalog and inventory", () =>
    readOrder(client, userToken),
  );
  await step('a tampered token is refused', async () =>
    assertUnauthenticated(
      await client.query('{ me { id } }', tamper(userToken)),
      'auth.failure.invalid_signature',
    ),
  );
  await step('an expired token is refused', async () =>
    assertUnauthenticated(
      await client.query('{ me { id } }', await findExpiredToken(userUrl)),
      'auth.failure.expired',
    ),
  );
  await step('no token is refused', async () =>
    assertUnauthenticated(await client.query('{ me { id } }'), 'auth.failure.missing_token'),
  );
  await step('the two key sets share no key', () => compareKeySets(client, portal));
}

async function signIn(client: SmokeClient, field: 'login' | 'portalLogin', input: object): Promise<string> {
  const { data, errors } = await client.query(
    `mutation SignIn($email: String!, $password: String!) {
      result: ${field}(input: { email: $email, password: $password }) { accessToken refreshToken expiresIn }
    }`,
    undefined,
    input,
  );
  const token = (data?.result as { accessToken?: string } | undefined)?.accessToken;
  assertThat(typeof token === 'string', `${field} gave no access token: ${JSON.stringify(errors)}`);
  return token;
}

function showClaims(token: string, platform: string): string {
  const claims = decodeJwt(token);
  assertThat(claims.platform === platform, `the platform claim is '${claims.platform}'`);
  assertThat(claims.aud === `signet:${platform}`, `the audience is '${claims.aud}'`);
  assertThat(String(claims.iss).endsWith(`/${platform}`), `the issuer is '${claims.iss}'`);
  return JSON.stringify(claims);
}

async function readOrder(client: SmokeClient, token: string): Promise<string> {
  const { data, errors } = await client.query(
    `{ me { email orders(first: 1) { edges { node {
        status total { amount currency }
        items { quantity unitPrice { amount } product { name stock { available } } }
    } } } } }`,
    token,
  );
  assertThat(errors === undefined, `it has errors: ${JSON.stringify(errors)}`);
  const me = data?.me as {
    orders: { edges: { node: { items: { product: { name: string; stock: { available: number } } }[] } }[] };
  };
  const items = me.orders.edges[0]?.node.items ?? [];
  assertThat(items.length > 0, 'this customer has no order with items');
  assertThat(
    items.every((item) => item.product.name && Number.isInteger(item.product.stock.available)),
    'an item has no product or stock',
  );
  return JSON.stringify(me);
}

/** An entrance with both doors knows the token and refuses the field; one with a single door does not know its issuer. */
function assertWrongDoor(answer: Awaited<ReturnType<SmokeClient['query']>>): string {
  return isApart
    ? assertUnauthenticated(answer, 'auth.failure.issuer_mismatch')
    : assertRefusal(answer, 'FORBIDDEN', 'authz.platform.deny');
}

function assertUnauthenticated(answer: Awaited<ReturnType<SmokeClient['query']>>, reason: string): string {
  assertThat(answer.status === 401, `the status is ${answer.status}`);
  return assertRefusal(answer, 'UNAUTHENTICATED', reason);
}

/** Another signature of the same length and form. */
function tamper(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return [header, payload, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.');
}

async function compareKeySets(client: SmokeClient, portalClient: SmokeClient): Promise<string> {
  const user = await client.readKeys('/.well-known/jwks/user.json');
  const portal = await portalClient.readKeys('/.well-known/jwks/portal.json');
  assertThat(user.length > 0 && portal.length > 0, 'a key set is empty');
  const isSame = (a: unknown, b: unknown) => a !== undefined && a === b;
  const shared = user.filter((key) =>
    portal.some((other) => isSame(other.kid, key.kid) || isSame(other.x, key.x) || isSame(other.n, key.n)),
  );
  assertThat(shared.length === 0, 'a key is in both sets');
  assertThat(
    [...user, ...portal].every((key) => key.d === undefined),
    'a private key is published',
  );
  return `user: ${user.map((key) => key.kid).join(', ')}; portal: ${portal.map((key) => key.kid).join(', ')}`;
}

try {
  await walk(createClient(userUrl), createClient(portalUrl));
  console.log(`\nAll of it holds at ${isApart ? `${userUrl} and ${portalUrl}` : userUrl}.`);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
