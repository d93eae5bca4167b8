import type { Database } from '@signet/db';
import { type Platform, platforms } from '@signet/schema/contract';
import type { PageRequest } from '@signet/subgraph';
import type { JWK } from 'jose';
import { type Kysely, sql, type Transaction } from 'kysely';

/** A service account as staff see it. */
export type AdministeredService = {
  id: string;
  platform: Platform;
  name: string;
  scopes: string[];
  networks: string[];
  expiresAt: Date | null;
  isActive: boolean;
  createdById: string;
  createdAt: Date;
  credentials: AdministeredCredential[];
};

export type AdministeredCredential = {
  id: string;
  kind: 'key' | 'jwks' | 'secret';
  kid: string | null;
  jwksUrl: string | null;
  createdById: string;
  createdAt: Date;
  revokedAt: Date | null;
};

/** Who changes something: functions of the database judge the session once more. */
export type ServiceManager = { staffId: string; sessionId: string };

type Trx = Transaction<Database>;
type Row = Omit<AdministeredService, 'platform' | 'credentials'> & {
  credentials: {
    [Name in keyof AdministeredCredential]: AdministeredCredential[Name] extends Date ? string : unknown;
  }[];
};

/** A page by name, with one row more than asked for where there is a next page. */
export async function listServiceAccounts(
  db: Kysely<Database>,
  platform: Platform,
  { first, after }: PageRequest<string>,
): Promise<AdministeredService[]> {
  return readRows(db, platform, { one: null, after, most: first + 1 });
}

/** Active ones that a member of staff made, or gave a credential that still works: at most 100 of each platform, by name. */
export async function listServicesOfMember(
  db: Kysely<Database>,
  staffId: string,
): Promise<AdministeredService[]> {
  const lists = await Promise.all(
    platforms.map(async (platform) => {
      const { rows } = await sql<Row>`
        select ${rowColumns} from ${fn(platform, 'list', 'services_of')}(${staffId})`.execute(db);
      return rows.map((row) => toService(platform, row));
    }),
  );
  return lists.flat();
}

export async function findServiceAccount(
  db: Kysely<Database>,
  platform: Platform,
  id: string,
): Promise<AdministeredService | undefined> {
  const [row] = await readRows(db, platform, { one: id, after: undefined, most: 1 });
  return row;
}

/** @throws where there is none */
export async function getServiceAccount(
  db: Kysely<Database>,
  platform: Platform,
  id: string,
): Promise<AdministeredService> {
  const row = await findServiceAccount(db, platform, id);
  if (!row) throw new TypeError('a service account that was changed is not there');
  return row;
}

async function readRows(
  db: Kysely<Database>,
  platform: Platform,
  { one, after, most }: { one: string | null; after: PageRequest<string>['after']; most: number },
): Promise<AdministeredService[]> {
  const { rows } = await sql<Row>`
    select ${rowColumns}
    from ${fn(platform, 'list', 'service_accounts')}(${one}, ${after?.key ?? null}, ${after?.id ?? null}, ${most})`.execute(
    db,
  );
  return rows.map((row) => toService(platform, row));
}

const rowColumns = sql`id, name, scopes, networks, expires_at as "expiresAt", is_active as "isActive", created_by as "createdById",
  created_at as "createdAt", credentials`;

function toService(platform: Platform, row: Row): AdministeredService {
  return {
    ...row,
    platform,
    credentials: row.credentials.map((credential) => readCredential(credential as never)),
  };
}

/** What JSON made of times. */
function readCredential({
  createdBy,
  createdAt,
  revokedAt,
  ...credential
}: Pick<AdministeredCredential, 'id' | 'kind' | 'kid' | 'jwksUrl'> & {
  createdBy: string;
  createdAt: string;
  revokedAt: string | null;
}): AdministeredCredential {
  return {
    ...credential,
    createdById: createdBy,
    createdAt: new Date(createdAt),
    revokedAt: revokedAt === null ? null : new Date(revokedAt),
  };
}

export type NewServiceAccount = {
  name: string;
  scopes: readonly string[];
  networks: readonly string[];
  expiresAt: Date | null;
};

/** @returns its id; undefined where an active one has the name. */
export async function insertServiceAccount(
  trx: Trx,
  platform: Platform,
  { staffId, sessionId }: ServiceManager,
  { name, scopes, networks, expiresAt }: NewServiceAccount,
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string | null }>`
    select ${fn(platform, 'create', 'service_account')}(${staffId}, ${sessionId}, ${name}, ${scopes}::text[], ${networks}::text[],
      ${expiresAt}) as id`.execute(trx);
  return rows[0]?.id ?? undefined;
}

/** Undefined leaves a part as it is. */
export type ServiceChange = {
  name: string | undefined;
  scopes: readonly string[] | undefined;
  networks: readonly string[] | undefined;
  /** Null: it has no end. */
  expiresAt: Date | null | undefined;
};

/**
 * Changes an account. Where scopes, networks or time became less, its tokens end: `ended` says of how many credentials, which stay.
 * `unknown`: no such account. `taken`: an active one has the name. `wider`: a scope that it does not have.
 */
export async function updateServiceAccount(
  trx: Trx,
  platform: Platform,
  { staffId, sessionId }: ServiceManager,
  serviceId: string,
  { name, scopes, networks, expiresAt }: ServiceChange,
): Promise<{ outcome: 'done' | 'unknown' | 'inactive' | 'taken' | 'wider'; ended: number }> {
  const { rows } = await sql<Awaited<ReturnType<typeof updateServiceAccount>>>`
    select outcome, ended from ${fn(platform, 'change', 'service_account')}(${staffId}, ${sessionId}, ${serviceId}, ${name ?? null},
      ${scopes ?? null}::text[], ${networks ?? null}::text[], ${expiresAt !== undefined}, ${expiresAt ?? null}::timestamptz)`.execute(
    trx,
  );
  return rows[0] ?? { outcome: 'unknown', ended: 0 };
}

export type NewCredential =
  | { kind: 'key'; kid: string; jwk: JWK }
  | { kind: 'jwks'; jwksUrl: string }
  | { kind: 'secret'; secretHash: Buffer };

/** `unknown`: no such account. `full`: it has as many as it may. `taken`: it has, or had, the key. */
export type AddedCredential =
  | { outcome: 'done'; id: string }
  | { outcome: 'unknown' | 'inactive' | 'full' | 'taken'; id: null };

export async function insertCredential(
  trx: Trx,
  platform: Platform,
  { staffId, sessionId }: ServiceManager,
  serviceId: string,
  credential: NewCredential,
): Promise<AddedCredential> {
  const { kid, jwk, jwksUrl, secretHash } = {
    kid: null,
    jwk: null,
    jwksUrl: null,
    secretHash: null,
    ...credential,
  };
  const { rows } = await sql<AddedCredential>`
    select outcome, made as id from ${fn(platform, 'add', 'service_credential')}(${staffId}, ${sessionId}, ${serviceId},
      ${credential.kind}, ${kid}, ${jwk === null ? null : JSON.stringify(jwk)}::jsonb, ${jwksUrl}, ${secretHash}::bytea)`.execute(
    trx,
  );
  return rows[0] ?? { outcome: 'unknown', id: null };
}

/** Ends a credential. `isNew`: it was not ended before. Undefined where the tenant has none with the id. */
export async function endCredential(
  trx: Trx,
  platform: Platform,
  { staffId, sessionId }: ServiceManager,
  credentialId: string,
): Promise<{ serviceId: string; isNew: boolean } | undefined> {
  const { rows } = await sql<{ serviceId: string; isNew: boolean }>`
    select service as "serviceId", changed as "isNew"
    from ${fn(platform, 'revoke', 'service_credential')}(${staffId}, ${sessionId}, ${credentialId})`.execute(
    trx,
  );
  return rows[0];
}

/** Closes an account with all its credentials. Undefined where the tenant has none with the id. */
export async function closeServiceAccount(
  trx: Trx,
  platform: Platform,
  { staffId, sessionId }: ServiceManager,
  serviceId: string,
): Promise<{ isNew: boolean; credentials: number } | undefined> {
  const { rows } = await sql<{ isNew: boolean; credentials: number }>`
    select changed as "isNew", ended as credentials
    from ${fn(platform, 'deactivate', 'service_account')}(${staffId}, ${sessionId}, ${serviceId})`.execute(
    trx,
  );
  return rows[0];
}

function fn(platform: Platform, verb: string, noun: string) {
  return sql.id('auth', `${verb}_${platform}_${noun}`);
}
