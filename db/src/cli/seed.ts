import { createPepper, type Pepper } from '../password-hash.ts';
import { asOwner } from './as-owner.ts';
import type { CommandContext } from './commands.ts';
import { CliError } from './errors.ts';

type SeedModule = {
  seedDevelopment(adminUrl: string, options: { pepper: Pepper; password: string }): Promise<unknown>;
};

/** A known password must never reach a real database: this one must be empty or seeded before, and asked for by name. */
export async function seed({ server, config, print }: CommandContext): Promise<void> {
  if (config.NODE_ENV === 'production')
    throw new CliError('NODE_ENV=production: the development seed is refused.');
  if (config.SEED !== 'development')
    throw new CliError('Set SEED=development to fill this database with accounts of known passwords.');
  if (!server.pepperKey)
    throw new CliError('PASSWORD_PEPPER (or PASSWORD_PEPPER_FILE) is not set: use the one that auth uses.');
  await assertEmptyOrSeeded(server.adminUrl);
  const { seedDevelopment } = (await import(import.meta.resolve('../seed/index.ts'))) as SeedModule;
  await seedDevelopment(server.adminUrl, {
    pepper: createPepper(server.pepperKey),
    password: 'correct horse battery staple',
  });
  print('seeded for development');
}

async function assertEmptyOrSeeded(adminUrl: string): Promise<void> {
  const { tenants, seeded } = await asOwner(adminUrl, async (trx) => ({
    tenants: await trx.selectFrom('auth.tenant').select('id').limit(1).execute(),
    seeded: await trx.selectFrom('auth.development_seed').select('tenant_id').limit(1).execute(),
  }));
  if (tenants.length === 0 || seeded.length > 0) return;
  throw new CliError('This database has data that the development seed did not make: it is left alone.');
}
