import { formatSealReference, type Verification, verifyAuditLog } from '@signet/db';
import { DatabaseStartError } from '@signet/db/embedded';
import { ConfigError, type Environment } from '@signet/service';
import { UsageError } from '../../operator/usage-error.ts';
import { parseAuditCommand, usage } from './arguments.ts';
import { openAuditedDatabases } from './audited-databases.ts';

type Io = {
  argv: readonly string[];
  env: Environment;
  print(text: string): void;
  printError(text: string): void;
};

/** Runs `npm run audit -- …` and returns the exit code: 1 where anything is wrong with the log, or could not be looked at. */
export async function runAuditCommand({ argv, env, print, printError }: Io): Promise<number> {
  try {
    const { lastSeals } = parseAuditCommand(argv);
    const { key, logs, close } = await openAuditedDatabases(env);
    let faults = 0;
    try {
      for (const { platform, db } of logs) {
        const lastSeal = lastSeals.find((seal) => seal.platform === platform);
        const verification = await verifyAuditLog({ db, platform, key, lastSeal });
        faults += verification.faults.length;
        report(verification, { print, printError });
      }
    } finally {
      await close();
    }
    return faults > 0 ? 1 : 0;
  } catch (error) {
    printError(explain(error));
    return 1;
  }
}

function report(
  { platform, seals, events, faults, lastSeal }: Verification,
  { print, printError }: Pick<Io, 'print' | 'printError'>,
): void {
  const size = `${platform}: ${seals} seals over ${events} rows`;
  if (faults.length === 0) {
    print(`${size}, as they were sealed${lastSeal ? `; the last is ${formatSealReference(lastSeal)}` : ''}`);
    return;
  }
  printError([`${size}, ${faults.length} wrong:`, ...faults.map((fault) => `  ${fault}`)].join('\n'));
}

function explain(error: unknown): string {
  if (error instanceof UsageError) {
    return `${error.message}\n${usage}`;
  }
  if (error instanceof ConfigError) {
    return error.faults.join('\n');
  }
  return error instanceof DatabaseStartError ? error.message : `The log could not be read: ${String(error)}`;
}
