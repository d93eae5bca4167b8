import { createDatabase, type Database, inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { ConfigError, configFields, type Environment, loadConfig } from '@signet/service';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import { userTables } from '../accounts/account.ts';
import { insertRequest, listRequests, setRequestState } from '../personal-data/person-request.queries.ts';
import { openOperatorEnvironment } from './operator-environment.ts';

/** An account that was closed for good. Both ids are random, and name nobody once the account is erased. */
export type ErasedAccount = { tenant: string; account: string };

const urlSchema = z.object({ USER_DATABASE_URL: configFields.postgresUrl.optional() });
const line = z.strictObject({ tenant: z.uuid(), account: z.uuid() });

/**
 * The customers' accounts whose erasure has begun or is done: what a database that is restored from an earlier backup must forget again.
 *
 * @throws {ConfigError} naming the variable to set
 */
export function listErasedAccounts(env: Environment): Promise<ErasedAccount[]> {
  return withDatabase(env, async (db) => {
    const tenants = await db.selectFrom('auth.tenant').select('id').orderBy('id').execute();
    const found: ErasedAccount[] = [];
    for (const { id: tenant } of tenants) {
      const accounts = await readInTenant(db, tenant, (trx) =>
        trx
          .selectFrom('auth.person_request')
          .select('account_id as account')
          .where('kind', '=', 'erase')
          .where('state', 'in', ['running', 'done'])
          .orderBy('id')
          .execute(),
      );
      found.push(...accounts.map(({ account }) => ({ tenant, account })));
    }
    return found;
  });
}

/**
 * Reads what `listErasedAccounts` found and somebody kept: a JSON object on each line.
 *
 * @throws {ConfigError} with the numbers of the lines that are none
 */
export function parseErasedAccounts(text: string): ErasedAccount[] {
  const faults: string[] = [];
  const accounts = text.split('\n').flatMap((content, index) => {
    if (content.trim() === '') return [];
    const { data } = line.safeParse(parseJson(content));
    if (data) return [data];
    faults.push(`line ${index + 1}: must be {"tenant": "<id>", "account": "<id>"}`);
    return [];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return accounts;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `absent`: the database has no such account. `erased`: its erasure has begun or is done already. */
type Outcome = 'due' | 'absent' | 'erased';
export type EraseAgain = Record<Outcome, number>;

/**
 * Makes the erasure of these accounts due now; the auth process of customers and each subgraph carry it out, as they do when a customer
 * asks. An account a transaction: after an interruption the same list can be given again.
 *
 * @param checkOnly counts, and changes nothing.
 * @throws {ConfigError} naming the variable to set
 */
export function eraseAgain(
  env: Environment,
  accounts: readonly ErasedAccount[],
  { checkOnly = false } = {},
): Promise<EraseAgain> {
  return withDatabase(env, async (db) => {
    const counts: EraseAgain = { due: 0, absent: 0, erased: 0 };
    for (const account of accounts) counts[await makeDue(db, account, checkOnly)] += 1;
    return counts;
  });
}

function makeDue(
  db: Kysely<Database>,
  { tenant, account: accountId }: ErasedAccount,
  checkOnly: boolean,
): Promise<Outcome> {
  return inTenant(db, tenant, async (trx) => {
    const account = await lockAccountForChange(trx, userTables, accountId);
    if (!account) return 'absent';
    const [latest] = await listRequests(trx, accountId, 'erase', 1);
    if (latest && latest.state !== 'scheduled') return 'erased';
    if (checkOnly) return 'due';
    // The one that waits for its day makes room for one that is due.
    if (latest) await setRequestState(trx, latest.id, { state: 'cancelled' });
    const wanted = { kind: 'erase', state: 'scheduled', afterDays: 0 } as const;
    await insertRequest(trx, { tenantId: tenant, accountId, ...wanted });
    await writeAuditEvent(trx, {
      kind: 'auth.account.deletion_scheduled',
      platform: 'user',
      tenantId: tenant,
      subjectId: accountId,
      details: { by: 'operator' },
    });
    return 'due';
  });
}

async function withDatabase<T>(env: Environment, work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
  const operator = await openOperatorEnvironment(env);
  try {
    const { USER_DATABASE_URL: url } = loadConfig(urlSchema, operator.env);
    if (url === undefined) throw new ConfigError(['USER_DATABASE_URL: is not set']);
    const db = createDatabase(url, { maxConnections: 1, applicationName: 'signet-accounts' });
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  } finally {
    await operator.close();
  }
}
