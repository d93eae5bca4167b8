import { catalogue, type MetricsText, readMetrics } from '@signet/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedPassword, startTestPlatform, type TestPlatform } from './platform.test-support.ts';

let platform: TestPlatform;
beforeAll(async () => {
  // Mails go nowhere, so they wait in the outbox and are tried again.
  platform = await startTestPlatform({ MAIL_URL: 'smtp://127.0.0.1:9' });
});
afterAll(() => platform.stop());

const portOf = () => platform.portBase + 9;
async function scrape(): Promise<MetricsText> {
  const response = await fetch(`http://127.0.0.1:${portOf()}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^text\/plain; version=0\.0\.4/),
  ]);
  return readMetrics(await response.text());
}
const readOne = async (name: string, labels?: Record<string, string>) =>
  (await scrape()).find(name, labels) ?? 0;

const login = (password: string) =>
  platform.ask(
    `mutation In { login(input: { email: "ada@example.com", password: ${JSON.stringify(password)} }) { accessToken } }`,
    { entrance: 'user' },
  );

test('the numbers follow what happens', async () => {
  const user = { platform: 'user' };
  const before = await scrape();
  const count = (text: MetricsText, name: string, labels: Record<string, string>) =>
    text.find(name, labels) ?? 0;
  const token = await platform.signIn('user', 'ada@example.com');
  await platform.ask('{ me { id } }', { token });
  await platform.ask('{ me { id } }', { token });
  await platform.ask('mutation { requestPasswordReset(input: { email: "ada@example.com" }) }');
  const ended = await platform.ask('mutation { logout }', { token });
  expect(ended.body.errors).toBeUndefined();
  await expect
    .poll(() => readOne('signet_revocation_lag_seconds_count', { service: 'gateway' }))
    .toBe(count(before, 'signet_revocation_lag_seconds_count', { service: 'gateway' }) + 1);
  const after = await scrape();
  const grown = (name: string, labels: Record<string, string>) =>
    count(after, name, labels) - count(before, name, labels);
  expect(grown('signet_sign_ins_total', { ...user, outcome: 'ok' })).toBe(1);
  expect(grown('signet_password_wait_seconds_count', user)).toBe(1);
  expect(grown('signet_requests_total', { entrance: 'graph', outcome: 'ok' })).toBe(5);
  expect(grown('signet_token_cache_total', { service: 'gateway', result: 'miss' })).toBe(1);
  expect(grown('signet_database_wait_seconds_count', { pool: 'auth-user' })).toBeGreaterThan(0);
  expect(grown('signet_signing_key_age_seconds', { ...user, state: 'active' })).toBeGreaterThan(0);
  expect(count(after, 'signet_revocation_feed_age_seconds', {})).toBeLessThan(30);
  // Nobody takes it at that port: it waits, is tried, and waits again.
  await expect.poll(() => readOne('signet_mail_outbox', { ...user, state: 'waiting' })).toBeGreaterThan(0);
  expect(await readOne('signet_mail_oldest_seconds', user)).toBeGreaterThan(0);
  await expect.poll(() => readOne('signet_mails_total', { ...user, outcome: 'retry' })).toBeGreaterThan(0);
});

test('every metric of the catalogue has a series after some traffic, and every series is of the catalogue', async () => {
  const customer = await platform.signIn('user', 'ada@example.com');
  const staff = await platform.signIn('portal', 'support@example.com');
  await login('a wrong password');
  // The throttles refuse the last of these.
  for (let n = 0; n < 8; n += 1) await login(`wrong ${n}`);
  await platform.ask('{ me { id } }', { token: customer });
  await platform.ask('{ customers(first: 1) { edges { node { email } } } }', { token: staff });
  await platform.ask('mutation { logout }', { token: customer });
  await platform.ask(`{ ${'a '.repeat(5000)} }`);
  await expect
    .poll(() => readOne('signet_revocation_lag_seconds_count', { service: 'gateway' }))
    .toBeGreaterThan(0);
  const { types, series } = await scrape();
  expect(Object.keys(catalogue).filter((name) => !types.has(name))).toEqual([]);
  const families = new Set(series.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
  expect(Object.keys(catalogue).filter((name) => !families.has(name))).toEqual([]);
  const unknown = [...types.keys()].filter(
    (name) => !(name in catalogue) && !/^(process|nodejs)_/.test(name),
  );
  expect(unknown).toEqual([]);
  expect(types.has('nodejs_eventloop_lag_seconds')).toBe(true);
});

test('passwords that wait, connections in use and rows without a seal are seen while they are there', async () => {
  const attempts = Array.from({ length: 12 }, (_, n) =>
    platform.ask(
      `mutation { register(input: { email: "new${n}@example.com", password: "${seedPassword} ${n}" }) { expiresIn } }`,
    ),
  );
  await expect
    .poll(
      async () => {
        const { series } = await scrape();
        return series.some(
          ({ name, labels, value }) =>
            name === 'signet_database_connections' && labels.state === 'used' && value > 0,
        );
      },
      { interval: 5 },
    )
    .toBe(true);
  await Promise.all(attempts);
  // The process's own work, such as sending mails, takes one now and then.
  await expect
    .poll(async () => {
      const { find } = await scrape();
      return [
        find('signet_database_connections', { pool: 'auth-user', state: 'used' }),
        find('signet_password_queue_length', { platform: 'user' }),
      ];
    })
    .toEqual([0, 0]);
});

test('the port shows the health of each part with its reasons, and nothing at other paths or to other names', async () => {
  const read = async (path: string, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${portOf()}${path}`, { headers });
    return [response.status, await response.json()] as [number, { status: string; services?: object }];
  };
  const [status, ready] = await read('/health/ready');
  expect([status, ready.status]).toEqual([200, expect.stringMatching(/^(ready|degraded)$/)]);
  expect(Object.keys(ready.services ?? {})).toEqual(
    expect.arrayContaining(['auth', 'portal', 'gateway graph', 'gateway user', 'gateway portal']),
  );
  expect((await read('/health/live'))[0]).toBe(200);
  expect((await read('/health/started'))[0]).toBe(200);
  expect((await read('/graphql'))[0]).toBe(404);
  for (const port of [0, 1, 2]) {
    const response = await fetch(`http://127.0.0.1:${platform.portBase + port}/metrics`);
    expect(response.status).toBe(404);
  }
});
