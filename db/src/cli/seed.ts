import { createPepper } from '../password-hash.ts';
import type { CommandContext } from './command-context.ts';
import { CliError } from './errors.ts';

/** Known passwords must never reach a real database: this is asked for by name, and refuses where other data is. */
export async function seed({ server, config, print }: CommandContext): Promise<void> {
  if (config.NODE_ENV === 'production') {
    throw new CliError('NODE_ENV=production: the development seed is refused.');
  }
  if (config.SEED !== 'development') {
    throw new CliError('Set SEED=development to fill this database with accounts of known passwords.');
  }
  if (!server.pepperKey) {
    throw new CliError('PASSWORD_PEPPER (or PASSWORD_PEPPER_FILE) is not set: use the one that auth uses.');
  }
  const { seedDevelopment } = await import('../seed/index.ts');
  const { customers, staff, password } = await seedDevelopment(server.adminUrl, {
    pepper: createPepper(server.pepperKey),
  });
  for (const { email, tenant } of customers) print(`customer ${email} (${tenant})`);
  for (const { email, tenant, role } of staff) print(`${role} ${email} (${tenant})`);
  print(`password of each: ${password}`);
}
