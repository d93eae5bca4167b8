import { openDatabaseHome } from '@signet/db/embedded';
import { createRoles, finishRestore, migrateToLatest } from '@signet/db/operator';
import { restore } from '@signet/db/restore';
import type { Command } from 'commander';
import { explainBackup, localHomeOf, readPassphrase } from './backup.ts';
import { action, addExample, type Context } from './command.ts';
import { formatRestored } from './db.ts';

type Options = { keepSessions?: boolean; keepKeys?: boolean; passphraseFile?: string };

/** `signet restore`: docs/backup.md. */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Makes SIGNET_HOME, which must be absent or empty, from a file of `signet backup`, and brings its database up to date. Then it takes back what ' +
        'must not come back to life: every session ends, the signing keys are revoked, and mails that waited are held back.',
    ),
    'SIGNET_HOME=.signet-restored npx signet restore signet-2026-11-29.tar.gz.age --passphrase-file passphrase',
  )
    .argument('<file>')
    .option('--passphrase-file <file>', 'the passphrase of an encrypted backup')
    .option('--keep-sessions', 'sessions, trusted devices, links in mails and invitations stay')
    .option('--keep-keys', 'the signing keys stay')
    .action(
      action(context, explainBackup, (file: string, options: Options) => restoreHome(context, file, options)),
    );
}

async function restoreHome({ env, print }: Context, file: string, options: Options): Promise<void> {
  const home = localHomeOf(env, 'pg_restore and `npm run db -- restored` restore that server');
  const { passphraseFile, ...kept } = options;
  const passphrase = await readPassphrase(passphraseFile);
  const { createdAt, platforms } = await restore({
    home,
    file,
    passphrase,
    async finish({ adminUrl, home: draft, backup }) {
      const { rolePasswords } = await openDatabaseHome(draft);
      await createRoles(adminUrl, rolePasswords);
      await migrateToLatest(adminUrl);
      const found = await finishRestore(adminUrl, { ...kept, backupFrom: backup.createdAt });
      return { createdAt: backup.createdAt, platforms: found };
    },
  });
  print(`restored ${home} as it was at ${createdAt}`);
  print(formatRestored(platforms));
}
