import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  acceptMigration,
  changeTenant,
  createPepper,
  createRoles,
  createStaff,
  createTenant,
  describeChanged,
  describePermissions,
  explainFailure,
  finishRestore,
  importUsers,
  inviteStaff,
  migrateToLatest,
  migrationStatus,
  needPepperKey,
  type OperatorConfig,
  type OperatorDatabase,
  OperatorError,
  openOperatorDatabase,
  type PlatformRestored,
  readOperatorConfig,
  rollback,
  type TenantChange,
} from '@signet/db/operator';
import { operatorConfigSchema } from '@signet/db/operator/settings';
import { staffRoles } from '@signet/schema/contract';
import { findMistypedVariables } from '@signet/service';
import type { Command } from 'commander';
import { action, addExample, type Context, neededOption } from './command.ts';

/** What the work of a command is given. */
type Work<O> = (
  given: { database: OperatorDatabase; config: OperatorConfig; context: Context },
  options: O,
) => Promise<void>;

/** `signet db`: what an operator does to the database. One line for a failure, exit 1, nothing changed. */
export function define(command: Command, context: Context): void {
  command.description(
    'Works on the database of DATABASE_URL, as its administrator; without it on the embedded one in SIGNET_HOME, which is ' +
      'started for the command unless it runs already.',
  );
  addExample(command, 'npm run db -- migrate');

  const explain = (error: unknown) => explainFailure(error, context.env.DATABASE_URL);
  const add = <O>(name: string, summary: string, example: string, work: Work<O>) =>
    addExample(command.command(name).description(summary), `npm run db -- ${example}`).action(
      action(context, explain, (options: O) => onDatabase(context, options, work)),
    );

  add('migrate', 'create the roles and bring the database up to date', 'migrate', migrate);
  add('roles', 'create the roles alone, before a dump is restored (docs/backup.md)', 'roles', makeRoles);
  add(
    'restored',
    'after a dump was restored and before any process starts: end what must not come back to life',
    'restored',
    restored,
  )
    .option('--keep-sessions', 'sessions, trusted devices, links in mails and invitations stay')
    .option('--keep-keys', 'the signing keys stay')
    .option('--backup-from <time>', 'when the dump was made, for the audit log: 2026-11-29T20:00:00Z');
  add('rollback', 'take the latest migration back', 'rollback', revert);
  add('status', 'list the migrations', 'status', showStatus);
  addExample(
    command
      .command('accept-migration')
      .description(
        'after a migration was changed and you made the difference by hand: end the warning about it',
      ),
    'npm run db -- accept-migration 0038-refusal-records',
  )
    .argument('<name>', 'as the warning and status name it')
    .action(
      action(context, explain, (name: string) =>
        onDatabase(context, {}, async ({ database }) => {
          await acceptMigration(database.adminUrl, name);
          context.print(`accepted ${name}`);
        }),
      ),
    );
  add(
    'permissions',
    'list every right of every role, to compare with db/permissions.txt',
    'permissions',
    showPermissions,
  );
  add(
    'seed',
    'fill an empty database for development (SEED=development)',
    'seed   # with SEED=development',
    seed,
  );
  add('create-tenant', 'add a tenant', "create-tenant --slug acme --name 'Acme Ltd'", addTenant)
    .addOption(
      neededOption('--slug <slug>', 'its name in hosts and headers: lower case letters, digits, dashes'),
    )
    .addOption(neededOption('--name <name>', 'its name for people'))
    .option('--self-registration', 'customers may register themselves');
  add(
    'set-tenant',
    'change what a tenant allows its customers',
    'set-tenant --slug acme --unverified-may-act yes',
    setTenant,
  )
    .addOption(neededOption('--slug <slug>', 'its name in hosts and headers'))
    .option('--self-registration <yes|no>', 'customers may register themselves')
    .option('--unverified-may-act <yes|no>', 'customers may do all before they have verified their address')
    .option('--language <tag>', 'of mails to people who have none of their own: de');
  add(
    'create-staff',
    'invite a staff member: prints a link to PORTAL_APP_URL, which is good for seven days and makes the account',
    "create-staff --tenant acme --email you@example.com --full-name 'Your Name'",
    addStaff,
  )
    .addOption(neededOption('--tenant <slug>', 'where they work'))
    .addOption(neededOption('--email <address>', 'with which they sign in'))
    .addOption(neededOption('--full-name <name>', 'their name'))
    .option(
      '--role <role>',
      `${new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(staffRoles)} (default: super_admin)`,
    )
    .option(
      '--with-password',
      'make the account at once; the password comes from STAFF_PASSWORD_FILE or standard input',
    );
  addExample(
    command
      .command('import-users')
      .description('add customers of another system, with the hashes of their passwords (docs/accounts.md)'),
    'npm run db -- import-users users.jsonl --tenant acme',
  )
    .argument('<file.jsonl>', 'a line for each: {"email", "hash"}, and "tenant", "fullName", "emailVerified"')
    .option('--tenant <slug>', 'of lines that name none')
    .option('--check', 'read and check the file, and add nobody')
    .action(
      action(context, explain, (file: string, options: ImportOptions) =>
        onDatabase(context, { ...options, file }, addUsers),
      ),
    );
}

async function onDatabase<O>(context: Context, options: O, work: Work<O>): Promise<void> {
  const mistyped = findMistypedVariables(Object.keys(operatorConfigSchema.shape), context.env);
  if (mistyped.length > 0) throw new OperatorError(mistyped.join('\n'));
  const config = readOperatorConfig(context.env);
  const database = await openOperatorDatabase(config);
  try {
    await work({ database, config, context }, options);
  } finally {
    await database.close();
  }
}

const migrate: Work<unknown> = async ({ database, context }) => {
  if (database.rolePasswords) await createRoles(database.adminUrl, database.rolePasswords);
  let roles: readonly string[] = [];
  const names = await migrateToLatest(database.adminUrl, {
    onRoles: (added) => {
      roles = added;
    },
    onChanged: (changed) => {
      for (const each of changed) context.print(describeChanged(each));
    },
  });
  for (const name of names) context.print(`migrated ${name}`);
  for (const role of roles) context.print(`added the staff role ${role}`);
  if (names.length + roles.length === 0) context.print('The database is up to date.');
};

const makeRoles: Work<unknown> = async ({ database, context }) => {
  if (!database.rolePasswords) {
    throw new OperatorError(
      "The roles' passwords are not set: SIGNET_AUTH_USER_PASSWORD and so on, or each as …_FILE.",
    );
  }
  await createRoles(database.adminUrl, database.rolePasswords);
  context.print('The roles are there.');
};

type RestoredOptions = { keepSessions?: boolean; keepKeys?: boolean; backupFrom?: string };

const restored: Work<RestoredOptions> = async ({ database, context }, { backupFrom, ...options }) => {
  const time = backupFrom === undefined ? undefined : new Date(backupFrom);
  if (time && Number.isNaN(time.getTime())) throw new OperatorError('--backup-from is no time (ISO 8601).');
  const platforms = await finishRestore(database.adminUrl, { ...options, backupFrom: time?.toISOString() });
  context.print(formatRestored(platforms));
};

/** What was taken back, and what only the operator can know. */
export function formatRestored(platforms: readonly PlatformRestored[]): string {
  return [
    ...platforms.map(
      ({ platform, sessions, credentials, keys, mails, resets, erasures }) =>
        `${platform}: ended ${sessions} sessions and ${credentials} links, devices and invitations; revoked ${keys} signing keys; held back ${mails} mails; cancelled ${resets} resets of second factors; postponed ${erasures} erasures`,
    ),
    'Start every process of the platform anew. What was decided after the backup is lost, and only you know it (docs/backup.md):',
    '  npx signet accounts erase-again <file.jsonl>   accounts that were erased since',
    '  npx signet mail status, retry                  mails that were held back and had not been sent',
    '  suspended accounts, roles, passwords, factors and credentials of services are as they were at the backup',
  ].join('\n');
}

const revert: Work<unknown> = async ({ database, context }) => {
  const names = await rollback(database.adminUrl);
  for (const name of names) context.print(`rolled back ${name}`);
  if (names.length === 0) context.print('There is nothing to roll back.');
};

const showStatus: Work<unknown> = async ({ database, context }) => {
  for (const { name, executedAt, hasChanged } of await migrationStatus(database.adminUrl)) {
    const note = hasChanged ? '  changed since' : '';
    context.print(`${name}  ${executedAt?.toISOString() ?? 'pending'}${note}`);
  }
};

/** db/permissions.txt is what a database with all migrations prints. */
const showPermissions: Work<unknown> = async ({ database, context }) => {
  context.print((await describePermissions(database.adminUrl)).trimEnd());
};

/** Known passwords must never reach a real database: this is asked for by name, and refuses where other data is. */
const seed: Work<unknown> = async ({ database, config, context }) => {
  if (config.NODE_ENV === 'production') {
    throw new OperatorError('NODE_ENV=production: the development seed is refused.');
  }
  if (config.SEED !== 'development') {
    throw new OperatorError('Set SEED=development to fill this database with accounts of known passwords.');
  }
  const pepper = createPepper(needPepperKey(database.pepperKey));
  const { seedDevelopment } = await import('@signet/db/seed');
  const { customers, staff, password } = await seedDevelopment(database.adminUrl, { pepper });
  for (const { email, tenant } of customers) context.print(`customer ${email} (${tenant})`);
  for (const { email, tenant, role } of staff) context.print(`${role} ${email} (${tenant})`);
  context.print(`password of each: ${password}`);
};

type TenantOptions = { slug: string; name: string; selfRegistration?: boolean };

const addTenant: Work<TenantOptions> = async ({ database, context }, options) => {
  const slug = await createTenant(database.adminUrl, options);
  context.print(`created tenant ${slug}`);
};

const setTenant: Work<TenantChange> = async ({ database, context }, options) => {
  await changeTenant(database.adminUrl, options);
  context.print(`changed tenant ${options.slug}`);
};

type StaffOptions = {
  tenant: string;
  email: string;
  fullName: string;
  role?: string;
  withPassword?: boolean;
};

const addStaff: Work<StaffOptions> = async (given, { withPassword, ...member }) => {
  const { database, config, context } = given;
  if (withPassword) return addStaffWithPassword(given, member);
  if (config.staffPassword !== undefined) {
    throw new OperatorError(
      'STAFF_PASSWORD_FILE is set: add --with-password, or leave it out for an invitation.',
    );
  }
  const { adminUrl } = database;
  const appUrl = config.PORTAL_APP_URL;
  const { email, role, tenant, link, expiresAt } = await inviteStaff({ adminUrl, appUrl }, member);
  context.print(
    `invited ${email} (${role}) to tenant ${tenant}. Whoever opens this link first has the account, until`,
  );
  context.print(`${expiresAt.toISOString()}. It is shown once:`);
  context.print(link);
};

const addStaffWithPassword: Work<StaffOptions> = async ({ database, config, context }, member) => {
  const { email, role, tenant } = await createStaff(
    database,
    member,
    async () => config.staffPassword ?? (await readPassword(context.stdin, process.stderr)),
  );
  context.print(`created ${email} (${role}) in tenant ${tenant}`);
};

type ImportOptions = { tenant?: string; check?: boolean };

const addUsers: Work<ImportOptions & { file: string }> = async (
  { database, context },
  { file, tenant, check },
) => {
  const { imported, present } = await importUsers(database.adminUrl, { file, tenant, checkOnly: check });
  context.print(
    check
      ? `${file} has no fault; nobody was added`
      : `imported ${imported} customers; ${present} were there already and stay as they are`,
  );
};

/** From a pipe all of it, without the last line break; at a terminal a line that is not shown. */
async function readPassword(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  if (!('isTTY' in input && input.isTTY)) return (await text(input)).replace(/\r?\n$/, '');
  output.write('Password: ');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    output.write('\n');
  }
}
