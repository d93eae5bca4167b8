import { type Database, inTenant } from '@signet/db';
import { listEmailSpellings, normalizeEmail } from '@signet/db/email';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';
import { type Account, type PlatformTables, portalTables, userTables } from '../accounts/account.ts';
import { type Finding, ok, wrong } from './finding.ts';

/** Beyond these a platform has a problem that a list does not solve. */
const maxListed = 20;
/** Of one tenant. */
const maxRead = 10_000;

type Faults = { pairs: string[]; unreachable: string[] };

/**
 * Active accounts that share a mailbox with another, which the migration to ASCII domains kept, and those with which nobody can sign
 * in. Names their ids: an e-mail address is personal data, and this text ends up in tickets.
 */
export async function checkEmails(db: Kysely<Database>, platform: Platform): Promise<Finding[]> {
  const subject = `${platform} e-mail addresses`;
  const { pairs, unreachable } = await findFaults(db, platform === 'user' ? userTables : portalTables);
  const findings: Finding[] = [];
  if (pairs.length > 0) {
    findings.push(
      wrong(
        subject,
        `${pairs.length} accounts share their mailbox with another account, under another spelling of the domain: ${list(pairs)}`,
        'Each signs in with the spelling that it was made with. Find out which one is used, and suspend the other.',
      ),
    );
  }
  if (unreachable.length > 0) {
    findings.push(
      wrong(
        subject,
        `${unreachable.length} accounts have an address that sign-in refuses: ${list(unreachable)}`,
        'Make each again with a right address, and suspend or deactivate this one.',
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(subject, 'one account a mailbox, and sign-in takes all of them')];
}

async function findFaults(db: Kysely<Database>, tables: PlatformTables<Account>): Promise<Faults> {
  const faults: Faults = { pairs: [], unreachable: [] };
  const tenants = await db.selectFrom('auth.tenant').select(['id', 'slug']).orderBy('slug').execute();
  for (const { id: tenantId, slug } of tenants) {
    await inTenant(db, tenantId, async (trx) => {
      for (const { id, email } of await listUnusual(trx, tables)) {
        const ascii = normalizeEmail(email);
        if (!listEmailSpellings(email).includes(email)) faults.unreachable.push(`${slug} ${id}`);
        else if (ascii !== undefined && ascii !== email && (await isActive(trx, tables, ascii))) {
          faults.pairs.push(`${slug} ${id}`);
        }
      }
    });
  }
  return faults;
}

/** Active accounts whose e-mail is not plainly in its one spelling: few of many. */
async function listUnusual(
  trx: Transaction<Database>,
  tables: PlatformTables<Account>,
): Promise<{ id: string; email: string }[]> {
  const { rows } = await sql<{ id: string; email: string }>`
    select id, email from ${tables.account}
    where is_active and email !~ '^[!-?A-~]{1,64}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'
    order by id limit ${maxRead}
  `.execute(trx);
  return rows;
}

async function isActive(
  trx: Transaction<Database>,
  tables: PlatformTables<Account>,
  email: string,
): Promise<boolean> {
  const { rows } = await sql`select from ${tables.account} where email = ${email} and is_active`.execute(trx);
  return rows.length > 0;
}

function list(accounts: readonly string[]): string {
  const more = accounts.length > maxListed ? `, and ${accounts.length - maxListed} more` : '';
  return accounts.slice(0, maxListed).join(', ') + more;
}
