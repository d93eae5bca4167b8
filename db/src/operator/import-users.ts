import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isPlainName } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';
import { z } from 'zod';
import { createDatabase } from '../database.ts';
import { normalizeEmail } from '../email.ts';
import { noPepperId } from '../password-hash.ts';
import { ownerRole } from '../roles.ts';
import { parseStoredHash } from '../stored-hash.ts';
import type { Database } from '../tables.ts';
import { OperatorError } from './operator-database.ts';

const lineSchema = z.strictObject({
  tenant: z.string('must be the slug of a tenant').optional(),
  email: z.string('must be an e-mail address').transform((input, ctx) => {
    const email = normalizeEmail(input);
    if (email === undefined) ctx.addIssue('must be an e-mail address');
    return email ?? '';
  }),
  fullName: z
    .string('must be text')
    .trim()
    .normalize('NFC')
    .max(200, 'must have at most 200 characters')
    .refine(isPlainName, 'must not hold control characters')
    .default(''),
  emailVerified: z.boolean('must be true or false').default(false),
  hash: z.string('must be the hash of a password').superRefine((text, ctx) => {
    const stored = parseStoredHash(text);
    if (typeof stored === 'string') ctx.addIssue(stored);
  }),
});

type ImportedUser = z.output<typeof lineSchema> & { tenantId: string };
export type UserImport = { imported: number; present: number };
export type ImportOptions = {
  file: string;
  /** Of lines that name no tenant. */
  tenant?: string | undefined;
  /** Reads and checks, and adds nobody. */
  checkOnly?: boolean | undefined;
  /** Called after each part that is committed. */
  onProgress?: ((done: UserImport) => void) | undefined;
};

/** In one transaction. What a killed run leaves out is at most this many lines of work. */
const usersAtOnce = 500;
const maxFaults = 50;
const maxLineLength = 10_000;

/**
 * Adds the customers of a file of JSON lines: `{"tenant", "email", "fullName", "emailVerified", "hash"}`, the hash as `parseStoredHash`
 * reads it. The whole file is checked first. With a fault in it nobody is added. An account that is there stays as it is, so a run that
 * was killed goes on when it is started again.
 *
 * @throws {OperatorError} naming the lines that are wrong and why. It quotes none of a line.
 */
export async function importUsers(adminUrl: string, options: ImportOptions): Promise<UserImport> {
  const db = createDatabase(adminUrl, { maxConnections: 1, applicationName: 'signet db' });
  try {
    const tenants = await readTenants(db);
    await checkFile(options, tenants);
    const done = { imported: 0, present: 0 };
    if (options.checkOnly) return done;
    for await (const users of readParts(options, tenants)) {
      for (const [tenantId, own] of Map.groupBy(users, (user) => user.tenantId)) {
        const added = await addUsers(db, tenantId, own);
        done.imported += added;
        done.present += own.length - added;
      }
      options.onProgress?.({ ...done });
    }
    return done;
  } finally {
    await db.destroy();
  }
}

type Tenants = ReadonlyMap<string, string>;

async function readTenants(db: Kysely<Database>): Promise<Tenants> {
  const rows = await db.selectFrom('auth.tenant').select(['id', 'slug']).execute();
  return new Map(rows.map(({ id, slug }) => [slug, id]));
}

/** @throws {OperatorError} with the first faults of the file. */
async function checkFile(options: ImportOptions, tenants: Tenants): Promise<void> {
  const faults: string[] = [];
  const lines = new Map<string, number>();
  for await (const { line, read } of readLines(options, tenants)) {
    const key = typeof read === 'object' ? `${read.tenantId} ${read.email}` : undefined;
    const earlier = key === undefined ? undefined : lines.get(key);
    const fault = typeof read === 'string' ? read : earlier && `email: is that of line ${earlier}`;
    if (fault) faults.push(`line ${line}: ${fault}`);
    else if (key) lines.set(key, line);
    if (faults.length > maxFaults) break;
  }
  if (faults.length === 0) return;
  const shown = faults.slice(0, maxFaults);
  if (faults.length > shown.length) shown.push('and more');
  throw new OperatorError(['Nobody was added: the file has faults.', ...shown].join('\n'));
}

async function* readParts(options: ImportOptions, tenants: Tenants): AsyncGenerator<ImportedUser[]> {
  let part: ImportedUser[] = [];
  for await (const { line, read } of readLines(options, tenants)) {
    if (typeof read === 'string')
      throw new OperatorError(`line ${line}: ${read}. The file was changed meanwhile.`);
    part.push(read);
    if (part.length < usersAtOnce) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

/** Each line that is not empty: a user, or what is wrong with it. */
async function* readLines(
  { file, tenant }: ImportOptions,
  tenants: Tenants,
): AsyncGenerator<{ line: number; read: ImportedUser | string }> {
  const stream = createReadStream(file, 'utf8');
  const opened = new Promise<void>((resolve, reject) => {
    stream.once('ready', resolve).once('error', reject);
  });
  await opened.catch((error: NodeJS.ErrnoException) => {
    throw new OperatorError(`${file}: can't be read (${error.code})`);
  });
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() !== '') yield { line, read: readLine(text, tenant, tenants) };
  }
}

function readLine(text: string, defaultTenant: string | undefined, tenants: Tenants): ImportedUser | string {
  if (text.length > maxLineLength) return `must have at most ${maxLineLength} characters`;
  if (text.includes('\ufffd')) return 'must be UTF-8';
  const { success, data, error } = lineSchema.safeParse(parseJson(text));
  if (!success) return error.issues.map(describeIssue).join('; ');
  const slug = data.tenant ?? defaultTenant;
  if (slug === undefined) return 'tenant: is missing, and so is --tenant';
  const tenantId = tenants.get(slug);
  return tenantId === undefined ? 'tenant: there is no such tenant' : { ...data, tenantId };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The names are the schema's, or those that it does not know: never what stands in a field. */
function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return 'has a field that is none of tenant, email, fullName, emailVerified, hash';
  return issue.path.length === 0 ? 'must be a JSON object' : `${issue.path.join('.')}: ${issue.message}`;
}

/** Adds those that are not there, each with its row in the audit log, or none of them. Returns how many. */
function addUsers(db: Kysely<Database>, tenantId: string, users: readonly ImportedUser[]): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await sql.raw(`set local role ${ownerRole}`).execute(trx);
    await sql`select set_config('app.tenant', ${tenantId}, true)`.execute(trx);
    return insertUsers(trx, tenantId, users);
  });
}

async function insertUsers(
  trx: Transaction<Database>,
  tenantId: string,
  users: readonly ImportedUser[],
): Promise<number> {
  const algorithms = users.map(({ hash }) => {
    const stored = parseStoredHash(hash);
    return typeof stored === 'string' ? '' : stored.algorithm;
  });
  const { rows } = await sql<{ audited: string }>`
    with given as (
      select * from unnest(
        ${users.map(({ email }) => email)}::text[], ${users.map(({ fullName }) => fullName)}::text[],
        ${users.map(({ emailVerified }) => emailVerified)}::boolean[], ${users.map(({ hash }) => hash)}::text[],
        ${algorithms}::text[]
      ) as u (email, full_name, email_verified, hash, algorithm)
    ), added as (
      insert into auth.user (tenant_id, email, full_name, email_verified, password_hash, pepper_id)
      select ${tenantId}::uuid, email, full_name, email_verified, hash, ${noPepperId} from given
      on conflict (tenant_id, email) do nothing
      returning id, email
    ), audited as (
      insert into auth.audit_event (tenant_id, kind, platform, subject_id, details)
      select ${tenantId}::uuid, 'auth.account.imported', 'user', added.id,
        jsonb_build_object('by', 'operator', 'algorithm', given.algorithm)
      from added join given using (email)
      returning 1
    )
    select count(*) as audited from audited
  `.execute(trx);
  return Number(rows[0]?.audited ?? 0);
}
