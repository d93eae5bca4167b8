import { postGraphql, reasonsOf } from '@signet/testing';
import { seededPasswordCost } from '@signet/testing/seeded-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSeededHome, findFreePortBase, type HomeOnServer } from './platform.test-support.ts';
import { type RunningPlatform, startPlatform } from './start-platform.ts';

type Node = { side: string; actorId: string | null; details: { name: string; value: string }[] };

const password = 'correct horse battery staple';
let home: HomeOnServer;
let platform: RunningPlatform;
let portBase: number;

async function start(): Promise<void> {
  platform = await startPlatform(
    { PORT_BASE: String(portBase), ...home.variables, LOG_LEVEL: 'fatal' },
    { print: () => {}, auth: { passwordCost: seededPasswordCost } },
  );
}
beforeAll(async () => {
  home = await createSeededHome();
  portBase = await findFreePortBase();
  await start();
});
afterAll(async () => {
  await platform?.stop();
  await home?.remove();
});

const doors = { graph: 0, user: 1, portal: 2 };
const ask = (query: string, token?: string, door: keyof typeof doors = 'graph') =>
  postGraphql(`http://localhost:${portBase + doors[door]}/graphql`, { query }, token ? { token } : {});

async function signIn(field: 'login' | 'portalLogin', email: string): Promise<string> {
  const { body } = await ask(
    `mutation { ${field}(input: { email: "${email}", password: "${password}" }) { accessToken } }`,
  );
  return body.data[field].accessToken;
}

/** What the portal shows a super_admin of refusals by reason: details of each row by name, the latest first. */
async function readRefusals(reason: string) {
  const { body } = await ask(
    `{ auditLog(first: 100, filter: { kind: "authz.refused" }) { edges { node { side actorId details { name value } } } } }`,
    await signIn('portalLogin', 'admin@example.com'),
  );
  return body.data.auditLog.edges
    .map(({ node: { side, actorId, details } }: { node: Node }) => ({
      side,
      actorId,
      ...Object.fromEntries(details.map(({ name, value }) => [name, value])),
    }))
    .filter((row: { reason?: string }) => row.reason === reason);
}

test("a customer's tries at a field of staff are in the portal's audit log: one row at once, the others as a number", async () => {
  const token = await signIn('login', 'ada@example.com');
  const { body } = await ask('{ me { id } }', token);
  const actorId = body.data.me.id;
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('{ portalHealth }', token)));
    for (const answer of answers) expect(reasonsOf(answer)).toEqual(['authz.platform.deny']);
  }
  const row = {
    side: 'user',
    actorId,
    reason: 'authz.platform.deny',
    entrance: 'graph',
    place: 'rules',
    field: 'Query.portalHealth',
  };
  await expect.poll(() => readRefusals(row.reason), { timeout: 30_000 }).toEqual([{ ...row, count: '1' }]);
  // What was counted since is written when the processes stop.
  await platform.stop();
  await start();
  expect(await readRefusals(row.reason)).toEqual([
    { ...row, count: '99' },
    { ...row, count: '1' },
  ]);
});

test('a token that was altered is in the log of its side, and names nobody', async () => {
  const token = await signIn('portalLogin', 'support@example.com');
  const [head, claims, signature = ''] = token.split('.');
  const altered = [head, claims, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.');
  const reason = 'auth.failure.invalid_signature';
  expect(reasonsOf(await ask('{ portalMe { id } }', altered, 'portal'))).toEqual([reason]);
  await expect
    .poll(() => readRefusals(reason), { timeout: 30_000 })
    .toEqual([{ side: 'portal', actorId: null, reason, entrance: 'portal', place: 'token', count: '1' }]);
});
