import type { CommandContext } from './command-context.ts';
import { createStaff } from './create-staff.ts';
import { createTenant } from './create-tenant.ts';
import { migrate, revert, status } from './migrate.ts';
import { permissions } from './permissions.ts';
import { seed } from './seed.ts';

export type Command = {
  run(context: CommandContext): Promise<void>;
  summary: string;
  /** Options with a value; true where it must be given. */
  values: Readonly<Record<string, boolean>>;
  flags: readonly string[];
};

export const commands: Readonly<Record<string, Command>> = {
  migrate: {
    run: migrate,
    summary: 'create the roles and bring the database up to date',
    values: {},
    flags: [],
  },
  rollback: { run: revert, summary: 'take the latest migration back', values: {}, flags: [] },
  status: { run: status, summary: 'list the migrations', values: {}, flags: [] },
  permissions: {
    run: permissions,
    summary: 'list every right of every role, to compare with db/permissions.txt',
    values: {},
    flags: [],
  },
  seed: {
    run: seed,
    summary: 'fill an empty database for development (SEED=development)',
    values: {},
    flags: [],
  },
  'create-tenant': {
    run: createTenant,
    summary: 'add a tenant',
    values: { slug: true, name: true },
    flags: ['self-registration'],
  },
  'create-staff': {
    run: createStaff,
    summary: 'add a staff member; the password comes from STAFF_PASSWORD_FILE or standard input',
    values: { tenant: true, email: true, fullname: true, role: false },
    flags: [],
  },
};
