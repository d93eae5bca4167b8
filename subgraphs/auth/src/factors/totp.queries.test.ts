import { randomBytes } from 'node:crypto';
import { createDatabase, type Database, inTenant } from '@signet/db';
import { createTestDatabase, type TestDatabase } from '@signet/testing';
import type { Transaction } from 'kysely';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { userTables } from '../accounts/account.ts';
import { addCustomer } from '../testing/accounts.test-support.ts';
import { createFactorSecrets } from './factor-secrets.ts';
import {
  createRecoveryCode,
  readRecoveryCode,
  renewRecoveryCodes,
  useRecoveryCode,
} from './recovery-codes.ts';
import { beginTotp, confirmTotp, useTotpCode } from './totp.queries.ts';
import { createTotpSecret, describeTotp, findTotpStep } from './totp.ts';

let database: TestDatabase;
let db: ReturnType<typeof createDatabase>;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant('demo');
  db = createDatabase(database.urlOf('signet_auth_user'), { maxConnections: 20 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const now = new Date('2026-11-29T12:00:00Z');
const peppers = [randomBytes(32), randomBytes(32)];
const issuerWith = (secrets: readonly Uint8Array[]) => ({
  tables: userTables,
  factors: {
    secrets: createFactorSecrets(secrets, 'user'),
    rememberSeconds: 0,
    areRequiredOf: () => false,
  },
  now: () => now,
});
const issuer = issuerWith(peppers);
const run = <T>(fn: (trx: Transaction<Database>) => Promise<T>) => inTenant(db, tenantId, fn);
const codeOf = (secret: Buffer, step = 0) =>
  new TOTP({ secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) }).generate({
    timestamp: now.getTime() + step * 30_000,
  });

async function addTotp(secret: Buffer, by = issuer): Promise<string> {
  const { id: accountId } = await addCustomer(database, { tenantId });
  await run((trx) => beginTotp(trx, by, { tenantId, accountId, secret }));
  expect(await run((trx) => confirmTotp(trx, by, accountId, codeOf(secret, -1)))).toBe(true);
  return accountId;
}

test.each([
  // RFC 6238, appendix B: the last six digits, since apps show six.
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_234_567_890, '005924'],
  [20_000_000_000, '353130'],
])('knows the code of the RFC at %i s', (seconds, code) => {
  const secret = Buffer.from('12345678901234567890');
  expect(findTotpStep(secret, code, new Date(seconds * 1000))).toBe(Math.floor(seconds / 30));
  expect(findTotpStep(secret, code, new Date((seconds + 30) * 1000))).toBe(Math.floor(seconds / 30));
  expect(findTotpStep(secret, code, new Date((seconds + 90) * 1000))).toBeUndefined();
});

test.each(['', '28708', '2870820', '28708a', '２８７０８２', '287082\0'])('%j is no code', (code) => {
  expect(findTotpStep(Buffer.from('12345678901234567890'), code, new Date(59_000))).toBeUndefined();
});

test('a secret has 160 bits, and its URI says what an app needs', () => {
  const secret = createTotpSecret();
  expect(secret).toHaveLength(20);
  const { uri, secret: base32 } = describeTotp(secret, { issuer: 'Shop & Co', label: 'a@example.com' });
  const url = new URL(uri);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    issuer: 'Shop & Co',
    secret: base32,
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
});

test('of 200 uses of one code at once, exactly one succeeds', async () => {
  const secret = createTotpSecret();
  const accountId = await addTotp(secret);
  const code = codeOf(secret);
  const uses = await Promise.all(
    Array.from({ length: 200 }, () => run((trx) => useTotpCode(trx, issuer, accountId, code))),
  );
  expect(uses.filter(Boolean)).toHaveLength(1);
});

test('of 200 uses of one recovery code at once, exactly one succeeds', async () => {
  const { id: accountId } = await addCustomer(database, { tenantId });
  const [code = ''] = await run((trx) => renewRecoveryCodes(trx, issuer, { tenantId, accountId }));
  const uses = await Promise.all(
    Array.from({ length: 200 }, () => run((trx) => useRecoveryCode(trx, issuer, accountId, code))),
  );
  expect(uses.filter(Boolean)).toHaveLength(1);
});

test('another pepper loses no factor: what the old one sealed is opened, and sealed under the new one', async () => {
  const [old, young] = peppers as [Buffer, Buffer];
  const before = issuerWith([old]);
  const secret = createTotpSecret();
  const accountId = await addTotp(secret, before);
  const [code = ''] = await run((trx) => renewRecoveryCodes(trx, before, { tenantId, accountId }));
  const during = issuerWith([young, old]);
  expect(await run((trx) => useTotpCode(trx, during, accountId, codeOf(secret)))).toBe(true);
  expect(await run((trx) => useRecoveryCode(trx, during, accountId, code))).toBe(true);
  const after = issuerWith([young]);
  expect(await run((trx) => useTotpCode(trx, after, accountId, codeOf(secret, 1)))).toBe(true);
});

test('a sealed secret opens for its own row, under its own pepper and platform only', () => {
  const [first, second] = peppers as [Buffer, Buffer];
  const secrets = createFactorSecrets([first], 'user');
  const sealed = secrets.seal(Buffer.from('secret'), 'row');
  expect(secrets.open(sealed, 'row').toString()).toBe('secret');
  expect(() => secrets.open(sealed, 'other row')).toThrow();
  expect(() => createFactorSecrets([first], 'portal').open(sealed, 'row')).toThrow();
  expect(() => createFactorSecrets([second], 'user').open(sealed, 'row')).toThrow('another pepper');
  const changed = Buffer.from(sealed.sealed);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  expect(() => secrets.open({ ...sealed, sealed: changed }, 'row')).toThrow();
});

test('a recovery code is read as people type it', () => {
  const code = createRecoveryCode();
  expect(readRecoveryCode(code)).toBe(code);
  expect(readRecoveryCode('OIL0-abcd-efgh')).toBe('0110-abcd-efgh');
  for (const typed of ['', 'abcd', 'uuuu-uuuu-uuuu', `${code}0`, 'x'.repeat(10_000)]) {
    expect(readRecoveryCode(typed)).toBeUndefined();
  }
});
