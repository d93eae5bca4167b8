import { readFile } from 'node:fs/promises';
import { BackupError, backUp } from '@signet/db/backup';
import { explainFailure } from '@signet/db/operator';
import type { Environment } from '@signet/service';
import type { Command } from 'commander';
import { action, addExample, type Context } from './command.ts';

/** Somebody who has the file tries as many as they like. */
const leastPassphrase = 16;

/** `signet backup`: docs/backup.md. */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Writes SIGNET_HOME into one file (mode 0600): the embedded database, which may run meanwhile, and the secrets without which its data is ' +
        'worth nothing. The file is a .tar.gz; with a passphrase it is encrypted in the format of age. For a server of your own (DATABASE_URL) ' +
        'use pg_dump: docs/backup.md.',
    ),
    'npx signet backup signet-2026-11-29.tar.gz.age --passphrase-file passphrase',
  )
    .argument('<file>', 'must not be there yet')
    .option(
      '--passphrase-file <file>',
      `encrypts with the passphrase in this file, ${leastPassphrase} characters or more`,
    )
    .action(
      action(
        context,
        explainBackup,
        async (file: string, { passphraseFile }: { passphraseFile?: string }) => {
          const home = localHomeOf(context.env, 'pg_dump makes the backup of that server');
          const passphrase = await readPassphrase(passphraseFile);
          if (passphrase !== undefined && passphrase.length < leastPassphrase) {
            throw new BackupError(
              `${passphraseFile}: a passphrase has ${leastPassphrase} characters or more.`,
            );
          }
          const { bytes, isEncrypted, createdAt } = await backUp({ home, file, passphrase });
          context.print(`${file}: ${(bytes / 1e6).toFixed(1)} MB, of ${createdAt.toISOString()}`);
          if (!isEncrypted) {
            context.print(
              'It holds every secret of this installation, not encrypted: keep it where nobody else reads it.',
            );
          }
        },
      ),
    );
}

/** The folder of `npm start`. @throws {BackupError} where the database is another server's. */
export function localHomeOf({ DATABASE_URL, SIGNET_HOME }: Environment, instead: string): string {
  if (DATABASE_URL) {
    throw new BackupError(
      `DATABASE_URL is set, and this command is for the embedded database: ${instead} (docs/backup.md).`,
    );
  }
  return SIGNET_HOME || '.signet';
}

export async function readPassphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new BackupError(`${file} cannot be read (${error.code}).`);
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase === '') throw new BackupError(`${file} is empty.`);
  return passphrase;
}

export function explainBackup(error: unknown): string {
  return error instanceof BackupError ? error.message : explainFailure(error, undefined);
}
