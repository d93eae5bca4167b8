import { isBlank, isPlainName, staffRoles } from '@signet/schema/contract';
import { type Kysely, sql, type Transaction } from 'kysely';
import { z } from 'zod';
import { type AuditEvent, writeAuditEvent } from '../audit/audit-events.ts';
import { createDatabase } from '../database.ts';
import { normalizeEmail } from '../email.ts';
import { findPasswordFault } from '../new-password/find-password-fault.ts';
import { createPepper, hashPassword } from '../password-hash.ts';
import { ownerRole } from '../roles.ts';
import type { Database } from '../tables.ts';
import { OperatorError } from './operator-database.ts';

/** Tenants that an error names. */
const mostNamed = 10;

/** One spelling of a name, as auth reads those of customers. */
const nameSchema = z
  .string()
  .trim()
  .normalize('NFC')
  .refine((name) => !isBlank(name), 'must not be empty')
  .refine(isPlainName, 'must not hold control characters')
  .max(200, 'must have at most 200 characters');

const tenantSchema = z.object({
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower case letters, digits or dashes'),
  name: nameSchema,
  selfRegistration: z.boolean().default(false),
});

export const staffSchema = z.object({
  tenant: z.string(),
  email: z.string().transform((input, ctx) => {
    const email = normalizeEmail(input);
    if (email === undefined) ctx.addIssue('must be an e-mail address');
    return email ?? '';
  }),
  fullName: nameSchema,
  role: z.enum(staffRoles, `must be one of ${staffRoles.join(', ')}`).default('super_admin'),
});

export type NewTenant = z.input<typeof tenantSchema>;
export type NewStaffMember = {
  tenant: string;
  email: string;
  fullName: string;
  /** A staff role; super_admin where it is left out. */
  role?: string | undefined;
};

/**
 * Adds a tenant and returns its slug. Changes nothing where there is one with this slug.
 *
 * @throws {OperatorError}
 */
export async function createTenant(adminUrl: string, tenant: NewTenant): Promise<string> {
  const { slug, name, selfRegistration } = parse(tenantSchema, tenant);
  const isAdded = await asOwner(adminUrl, async (trx) => {
    const added = await trx
      .insertInto('auth.tenant')
      .values({ slug, name, self_registration: selfRegistration })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!added) return false;
    await enterTenant(trx, slug);
    await auditOperator(trx, { kind: 'auth.tenant.created', tenantId: added.id });
    return true;
  });
  if (!isAdded) throw new OperatorError(`There is a tenant '${slug}' already.`);
  return slug;
}

/**
 * Adds a member of staff with a password, where no frontend takes invitations. Never changes an account that is there. Asks for the password only
 * when everything else is in order.
 *
 * @throws {OperatorError}
 */
export async function createStaff(
  { adminUrl, pepperKey }: { adminUrl: string; pepperKey: Buffer | undefined },
  member: NewStaffMember,
  readPassword: () => Promise<string>,
): Promise<{ email: string; role: string; tenant: string }> {
  const { tenant, email, fullName, role } = parse(staffSchema, member);
  const pepper = createPepper(needPepperKey(pepperKey));
  const password = await readPassword();
  const fault = findPasswordFault(password, { email, tenant });
  if (fault) throw new OperatorError(fault);
  const { hash, pepperId } = hashPassword(password, pepper);
  const isAdded = await asOwner(adminUrl, async (trx) => {
    const tenantId = await enterTenant(trx, tenant);
    const added = await trx
      .insertInto('auth.portal_user')
      .values({
        tenant_id: tenantId,
        email,
        full_name: fullName,
        role,
        password_hash: hash,
        pepper_id: pepperId,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'email']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!added) return false;
    await auditOperator(trx, {
      kind: 'auth.staff.created',
      tenantId,
      subjectId: added.id,
      details: { role },
    });
    return true;
  });
  if (!isAdded) throw new OperatorError(`${email} is staff of '${tenant}' already; nothing was changed.`);
  return { email, role, tenant };
}

/** @throws {OperatorError} where the operator gave none. */
export function needPepperKey(pepperKey: Buffer | undefined): Buffer {
  if (pepperKey) return pepperKey;
  throw new OperatorError(
    'PASSWORD_PEPPER (or PASSWORD_PEPPER_FILE) is not set: use the one that auth uses.',
  );
}

/** Runs `fn` in one transaction as the owner of the tables: all of it happens, or nothing. */
export async function asOwner<T>(
  adminUrl: string,
  fn: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  const db: Kysely<Database> = createDatabase(adminUrl, { maxConnections: 1, applicationName: 'signet db' });
  try {
    return await db.transaction().execute(async (trx) => {
      await sql.raw(`set local role ${ownerRole}`).execute(trx);
      return await fn(trx);
    });
  } catch (error) {
    throw explain(error);
  } finally {
    await db.destroy();
  }
}

/** Row security binds the owner too: from here on, the transaction sees this tenant's rows. Returns its id. */
export async function enterTenant(trx: Transaction<Database>, slug: string): Promise<string> {
  const tenant = await trx.selectFrom('auth.tenant').select('id').where('slug', '=', slug).executeTakeFirst();
  if (!tenant) throw new OperatorError(await sayWhichTenants(trx, slug));
  await sql`select set_config('app.tenant', ${tenant.id}, true)`.execute(trx);
  return tenant.id;
}

async function sayWhichTenants(trx: Transaction<Database>, missing: string): Promise<string> {
  const tenants = await trx
    .selectFrom('auth.tenant')
    .select('slug')
    .orderBy('slug')
    .limit(mostNamed + 1)
    .execute();
  const names = tenants.slice(0, mostNamed).map(({ slug }) => slug);
  if (tenants.length > mostNamed) names.push('…');
  const known = names.length > 0 ? ` Known tenants: ${names.join(', ')}.` : '';
  return `There is no tenant '${missing}'.${known} Create it first (create-tenant), or choose another.`;
}

/** A row without an actor: an operator works with the rights of the database, and has no account here. */
export function auditOperator(
  trx: Transaction<Database>,
  event: Pick<AuditEvent, 'kind' | 'tenantId' | 'subjectId' | 'details'>,
): Promise<void> {
  return writeAuditEvent(trx, {
    ...event,
    platform: 'portal',
    details: { ...event.details, by: 'operator' },
  });
}

function explain(error: unknown): unknown {
  const { code } = error as { code?: unknown };
  // undefined_table, invalid_schema_name; a role that does not exist is invalid_parameter_value or undefined_object.
  if (code === '42P01' || code === '3F000' || code === '42704' || code === '22023') {
    return new OperatorError('The database is not migrated: run `npm run db -- migrate` first.', {
      cause: error,
    });
  }
  return error;
}

/** All faults in one line, by the options of the command. */
export function parse<S extends z.ZodObject>(schema: S, values: unknown): z.output<S> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  throw new OperatorError(
    `${result.error.issues.map((issue) => `--${issue.path.join('.')} ${issue.message}`).join('; ')}.`,
  );
}
