import { randomBytes } from 'node:crypto';
import { createPepper } from '@signet/db/password-hash';
import { createLogger, type Environment, type RunningServer } from '@signet/service';
import { createTestDatabase, createTestGateway, type TestDatabase } from '@signet/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resealKeys } from '../operator/operate-secrets.ts';
import {
  addCustomer,
  type TestAccount,
  testPassword,
  testPasswordCost,
  testPepper,
} from '../testing/accounts.test-support.ts';
import { startAuthPatiently } from '../testing/auth.test-support.ts';
import { randomSecret, testConfig } from '../testing/config.test-support.ts';

const list = (...keys: string[]) => keys.join('\n');
const [oldPepper, newPepper] = [testPepper.toString('base64'), randomSecret()];
const [oldKey, newKey] = [randomSecret(), randomSecret()];
const secrets: Environment = { PORTAL_KEY_ENCRYPTION_KEY: randomSecret() };
const gateway = createTestGateway({ recipient: 'auth' });
const login = `mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken deviceToken } }`;

let database: TestDatabase;
let tenantId: string;
const servers: RunningServer[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => database.drop());

async function start(changes: Environment): Promise<RunningServer> {
  const config = testConfig(database, { USER_KEY_ENCRYPTION_KEY: oldKey, ...secrets, ...changes });
  const server = await startAuthPatiently(config, createLogger('test', 'silent'), {
    passwordCost: testPasswordCost,
  });
  servers.push(server);
  return server;
}

type Sent = { password?: string; deviceToken?: string; address?: string };

function signIn({ url }: RunningServer, account: TestAccount, sent: Sent = {}) {
  const { password = testPassword, address = '192.0.2.7', ...more } = sent;
  const input = { email: account.email, password, ...more };
  return gateway.post(
    `${url}/graphql`,
    { query: login, variables: { input } },
    { context: { clientAddress: address } },
  );
}

const tokensOf = async (answer: ReturnType<typeof signIn>) =>
  (await answer).body.data?.login as { accessToken: string; deviceToken: string } | undefined;
const pepperOf = async ({ id }: TestAccount) =>
  (await database.query('select pepper_id from auth.user where id = $1', [id]))[0]?.pepper_id;

describe('the pepper', () => {
  it('changes in steps while replicas run: everybody gets in at each, and ends up with a hash of the new one', async () => {
    const [early, late] = [
      await addCustomer(database, { tenantId }),
      await addCustomer(database, { tenantId }),
    ];
    const before = await start({ PASSWORD_PEPPER: oldPepper });
    const rotated = await start({ PASSWORD_PEPPER: list(oldPepper, newPepper) });
    for (const server of [before, rotated]) expect(await tokensOf(signIn(server, early))).toBeTruthy();
    const switched = await start({ PASSWORD_PEPPER: list(newPepper, oldPepper) });
    expect(await tokensOf(signIn(switched, early))).toBeTruthy();
    const { id } = createPepper(Buffer.from(newPepper, 'base64'));
    await expect.poll(() => pepperOf(early)).toBe(id);
    // A replica of the step before verifies what the new pepper made, and leaves it alone or takes it back to its own.
    expect(await tokensOf(signIn(rotated, early))).toBeTruthy();
    expect(await tokensOf(signIn(switched, late))).toBeTruthy();
    await rotated.stop();
    await before.stop();
    expect(await tokensOf(signIn(switched, early))).toBeTruthy();
    await expect.poll(async () => [await pepperOf(early), await pepperOf(late)]).toEqual([id, id]);
    const after = await start({ PASSWORD_PEPPER: newPepper });
    for (const account of [early, late]) expect(await tokensOf(signIn(after, account))).toBeTruthy();
  });

  it('takes no device and no counter with it', async () => {
    await forgetLastingKeys();
    const account = await addCustomer(database, { tenantId });
    const [first, second] = [randomSecret(), randomSecret()];
    const old = await start({ PASSWORD_PEPPER: list(oldPepper, first) });
    const { deviceToken = '' } = (await tokensOf(signIn(old, account))) ?? {};
    const stranger = { address: '198.51.100.9' };
    await signIn(old, account, { ...stranger, password: 'wrong' });
    const counters = await listCounters();
    for (const [index, peppers] of [list(first, oldPepper), list(second, first)].entries()) {
      const changed = await start({ PASSWORD_PEPPER: peppers });
      await signIn(changed, account, { ...stranger, password: 'wrong' });
      const counted = await listCounters();
      expect(counted.map(({ key }) => key)).toEqual(counters.map(({ key }) => key));
      expect(Math.max(...counted.map(({ points }) => points))).toBe(index + 2);
      const known = await tokensOf(signIn(changed, account, { deviceToken }));
      expect(known?.deviceToken.split('.')[0]).toBe(deviceToken.split('.')[0]);
      await changed.stop(); // Hashes the password anew first.
    }
    // The keys of devices and counters lie under `second` now.
    await expect(start({ PASSWORD_PEPPER: oldPepper })).rejects.toMatchObject({
      faults: [expect.stringMatching(/^PASSWORD_PEPPER: does not open the device key/)],
    });
    await start({ PASSWORD_PEPPER: second });
  });
});

/** As in a new installation: the next process makes them from its pepper. */
async function forgetLastingKeys(): Promise<void> {
  for (const platform of ['user', 'portal']) await database.query(`delete from auth.${platform}_lasting_key`);
}

/** Of strangers: known addresses and devices have rows of their own. */
function listCounters(): Promise<{ key: string; points: number }[]> {
  return database.query(
    `select key, points from auth.user_throttle where key like 'pair%' and key not like '%pause%' order by key`,
  );
}

describe('a key-encryption key', () => {
  const kidsOf = async ({ url }: RunningServer) => {
    const answer = await fetch(`${url}/.well-known/jwks/user.json`);
    return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };
  const sealed = async () =>
    (
      await database.query(
        `select sealed_private_key as sealed from auth.signing_key where platform = 'user' and state <> 'retired' order by kid`,
      )
    ).map(({ sealed: bytes }) => (bytes as Buffer).toString('hex'));
  const reseal = (keys: string) =>
    resealKeys(
      {
        USER_DATABASE_URL: database.urlOf('signet_auth_user'),
        PORTAL_DATABASE_URL: database.urlOf('signet_auth_portal'),
        USER_KEY_ENCRYPTION_KEY: keys,
        ...secrets,
      },
      'user',
    );

  it('changes while processes sign: none stops, and the keys stay the same', async () => {
    await forgetLastingKeys();
    const account = await addCustomer(database, { tenantId });
    const pepper = { PASSWORD_PEPPER: oldPepper };
    const rotated = await start({ ...pepper, USER_KEY_ENCRYPTION_KEY: list(oldKey, newKey) });
    const kids = await kidsOf(rotated);
    const before = await sealed();
    let signed = 0;
    let isOver = false;
    const failures: unknown[] = [];
    const signing = (async () => {
      for (; !isOver; signed++) {
        const tokens = await tokensOf(signIn(rotated, account));
        if (!tokens) failures.push('no token');
      }
    })();
    const switched = await start({ ...pepper, USER_KEY_ENCRYPTION_KEY: list(newKey, oldKey) });
    const resealed = await reseal(list(newKey, oldKey));
    expect(resealed.sort()).toEqual([...kids].sort());
    const afterwards = await sealed();
    expect(afterwards.filter((bytes) => before.includes(bytes))).toEqual([]);
    expect(await reseal(list(newKey, oldKey))).toEqual([]);
    const soFar = signed;
    await expect.poll(() => signed, { timeout: 20_000 }).toBeGreaterThan(soFar + 3);
    isOver = true;
    await signing;
    expect(failures).toEqual([]);
    for (const server of [rotated, switched]) expect(await kidsOf(server)).toEqual(kids);
    // The old one opens nothing any more, and the new one alone is enough.
    await expect(start({ ...pepper, USER_KEY_ENCRYPTION_KEY: oldKey })).rejects.toMatchObject({
      faults: [expect.stringMatching(/^USER_KEY_ENCRYPTION_KEY: does not open signing key/)],
    });
    const after = await start({ ...pepper, USER_KEY_ENCRYPTION_KEY: newKey });
    expect(await kidsOf(after)).toEqual(kids);
    expect(await tokensOf(signIn(after, account))).toBeTruthy();
  });

  it('that opens none of the keys reseals nothing', async () => {
    const before = await sealed();
    const foreign = randomBytes(32).toString('base64');
    await expect(reseal(foreign)).rejects.toMatchObject({
      faults: [expect.stringMatching(/^USER_KEY_ENCRYPTION_KEY: does not open/)],
    });
    expect(await sealed()).toEqual(before);
  });
});
