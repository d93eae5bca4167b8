import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { Person } from './provider-claims.ts';

type Trx = Transaction<Database>;
type Tables<A extends Account> = Pick<PlatformIssuer<A>, 'tables'>;

/** Who an account is at an identity provider, as its owner sees it. */
export type OwnIdentity = {
  id: string;
  /** The provider's name. */
  provider: string;
  /** What the provider last vouched for. */
  email: string | null;
  linkedAt: Date;
  lastUsedAt: Date | null;
};

/** How it came to the account: by the same verified address, from a session of the owner, or with the account. */
export type LinkedBy = 'email' | 'session' | 'creation';

/** Where somebody is at a provider: `iss` and `sub` of the ID token. */
export type IdentityKey = Pick<Person, 'issuer' | 'subject'>;

const ownColumns = sql<OwnIdentity>`id, provider, email, created_at as "linkedAt", last_used_at as "lastUsedAt"`;

/** The account of an identity of the transaction's tenant. */
export async function findIdentityOwner<A extends Account>(
  trx: Trx,
  { tables }: Tables<A>,
  { issuer, subject }: IdentityKey,
): Promise<string | undefined> {
  const { rows } = await sql<{ accountId: string }>`
    select account_id as "accountId" from ${tables.identity}
    where issuer = ${issuer} and subject = ${subject} and unlinked_at is null
  `.execute(trx);
  return rows[0]?.accountId;
}

/**
 * Whether the account is, or was, somebody at the issuer: an address can pass from one person to another, and who unlinked somebody wants nobody
 * linked by an address there.
 */
export async function hasIdentityAt<A extends Account>(
  trx: Trx,
  { tables }: Tables<A>,
  accountId: string,
  issuer: string,
): Promise<boolean> {
  const { rows } = await sql`
    select from ${tables.identity} where account_id = ${accountId} and issuer = ${issuer} limit 1`.execute(
    trx,
  );
  return rows.length > 0;
}

type NewIdentity = { tenantId: string; accountId: string; person: Person; linkedBy: LinkedBy };

/**
 * For an account that the transaction has locked. A session's owner may link again what was unlinked, whoever had it.
 *
 * @returns undefined where an account has the identity, also since a moment ago.
 */
export async function insertIdentity<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { tenantId, accountId, person, linkedBy }: NewIdentity,
): Promise<OwnIdentity | undefined> {
  const { provider, issuer, subject } = person;
  // Only what the provider vouches for: else anybody could write the owner's address there, and it would look like theirs.
  const email = (person.isEmailProven && person.email) || null;
  const usedAt = linkedBy === 'session' ? null : now();
  if (linkedBy === 'session') {
    await sql`
      delete from ${tables.identity}
      where issuer = ${issuer} and subject = ${subject} and unlinked_at is not null`.execute(trx);
  }
  const { rows } = await sql<OwnIdentity>`
    insert into ${tables.identity}
      (tenant_id, account_id, provider, issuer, subject, email, linked_by, created_at, last_used_at)
    values (${tenantId}, ${accountId}, ${provider}, ${issuer}, ${subject}, ${email}, ${linkedBy}, ${now()}, ${usedAt})
    on conflict do nothing
    returning ${ownColumns}
  `.execute(trx);
  return rows[0];
}

/** Notes a sign-in. */
export async function touchIdentity<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { issuer, subject, email, isEmailProven }: Person,
): Promise<void> {
  await sql`
    update ${tables.identity} set last_used_at = ${now()}, email = coalesce(${(isEmailProven && email) || null}, email)
    where issuer = ${issuer} and subject = ${subject} and unlinked_at is null
  `.execute(trx);
}

/** The oldest first. */
export async function listIdentities<A extends Account>(
  trx: Trx,
  { tables }: Tables<A>,
  accountId: string,
): Promise<OwnIdentity[]> {
  const { rows } = await sql<OwnIdentity>`
    select ${ownColumns} from ${tables.identity}
    where account_id = ${accountId} and unlinked_at is null order by created_at, id`.execute(trx);
  return rows;
}

type Gone = OwnIdentity & IdentityKey;

/** @returns undefined where the account has none of the id. */
export async function unlinkIdentity<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { id, accountId }: { id: string; accountId: string },
): Promise<Gone | undefined> {
  const { rows } = await sql<Gone>`
    update ${tables.identity} set unlinked_at = ${now()}, email = null
    where id = ${id} and account_id = ${accountId} and unlinked_at is null
    returning ${ownColumns}, issuer, subject`.execute(trx);
  return rows[0];
}

/**
 * Takes the identities of an account that may be another person's: those that were linked from a session, those of another address than the
 * account's, and all that were linked since a moment.
 */
export async function deleteDoubtfulIdentities<A extends Account>(
  trx: Trx,
  { tables }: Tables<A>,
  { id, email }: Pick<A, 'id' | 'email'>,
  since: Date | undefined,
): Promise<Gone[]> {
  const { rows } = await sql<Gone>`
    delete from ${tables.identity}
    where account_id = ${id} and unlinked_at is null
      and (linked_by = 'session' or email is distinct from ${email} or created_at >= ${since ?? sql`'infinity'::timestamptz`})
    returning ${ownColumns}, issuer, subject`.execute(trx);
  return rows;
}

/** Ends the sessions of an account that began with an identity. */
export async function endSessionsOfIdentity<A extends Account>(
  trx: Trx,
  { tables, now }: Pick<PlatformIssuer<A>, 'tables' | 'now'>,
  { accountId, issuer, subject, except }: IdentityKey & { accountId: string; except: string },
): Promise<number> {
  const { rows } = await sql`
    with live as materialized (
      select id from ${tables.session}
      where ${tables.accountId} = ${accountId} and upstream_issuer = ${issuer} and upstream_subject = ${subject}
        and ended_at is null and id <> ${except}
      order by id for update
    )
    update ${tables.session} set ended_at = ${now()}, end_reason = 'ended'
    where id in (select id from live)
    returning id
  `.execute(trx);
  return rows.length;
}
