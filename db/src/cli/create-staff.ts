import { staffRoles } from '@signet/schema/contract';
import { z } from 'zod';
import { findPasswordFault } from '../new-password/find-password-fault.ts';
import { createPepper, hashPassword } from '../password-hash.ts';
import { asOwner, enterTenant } from './as-owner.ts';
import type { CommandContext } from './command-context.ts';
import { CliError } from './errors.ts';
import { parseOptionValues } from './option-values.ts';

const schema = z.object({
  tenant: z.string(),
  email: z
    .string()
    .transform((email) => email.trim().normalize('NFKC').toLowerCase())
    .refine((email) => /^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254, 'must be an e-mail address'),
  fullname: z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
  role: z.enum(staffRoles, `must be one of ${staffRoles.join(', ')}`).default('super_admin'),
});

/** Makes the first super_admin, who then makes the others. Never changes an account that is there. */
export async function createStaff({
  server,
  config,
  options,
  print,
  readPassword,
}: CommandContext): Promise<void> {
  const { tenant, email, fullname, role } = parseOptionValues(schema, options);
  if (!server.pepperKey)
    throw new CliError('PASSWORD_PEPPER (or PASSWORD_PEPPER_FILE) is not set: use the one that auth uses.');
  const password = config.staffPassword ?? (await readPassword());
  const fault = findPasswordFault(password, { email, tenant });
  if (fault) throw new CliError(fault);
  const { hash, pepperId } = hashPassword(password, createPepper(server.pepperKey));
  const isAdded = await asOwner(server.adminUrl, async (trx) => {
    const tenantId = await enterTenant(trx, tenant);
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('auth.portal_user')
      .values({
        tenant_id: tenantId,
        email,
        full_name: fullname,
        role,
        password_hash: hash,
        pepper_id: pepperId,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'email']).doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  });
  if (!isAdded) throw new CliError(`${email} is staff of '${tenant}' already; nothing was changed.`);
  print(`created ${email} (${role}) in tenant ${tenant}`);
}
