import { z } from 'zod';
import { asOwner } from './as-owner.ts';
import type { CommandContext } from './command-context.ts';
import { CliError } from './errors.ts';
import { parseOptionValues } from './option-values.ts';

const schema = z.object({
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower case letters, digits or dashes'),
  name: z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
});

export async function createTenant({ server, options, print }: CommandContext): Promise<void> {
  const { slug, name } = parseOptionValues(schema, options);
  const isAdded = await asOwner(server.adminUrl, async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('auth.tenant')
      .values({ slug, name, self_registration: options['self-registration'] === 'true' })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  });
  if (!isAdded) throw new CliError(`There is a tenant '${slug}' already.`);
  print(`created tenant ${slug}`);
}
