import { parseArgs } from 'node:util';
import { parseSealReference, type SealReference } from '@signet/db';
import { UsageError } from '../../operator/usage-error.ts';

export type AuditCommand = { name: 'verify'; lastSeals: readonly SealReference[] };

export const usage = `npm run audit -- verify [--last-seal <platform:number:mac>]…
  reads the whole audit log and says which rows were changed, taken out, moved or added.
  --last-seal: the last 'audit rows sealed' of the process log, one for each platform. Without it nobody can see
  that the end of the log was cut off
  AUDIT_KEY, and DATABASE_URL of an administrator or the variables of an auth process; without these, the platform of
  npm start on this machine`;

/** @throws {UsageError} */
export function parseAuditCommand(argv: readonly string[]): AuditCommand {
  const { values, positionals } = parse(argv);
  const [name, ...rest] = positionals;
  if (name !== 'verify') {
    throw new UsageError(name ? `Unknown command '${name}'.` : 'Which command?');
  }
  if (rest.length > 0) {
    throw new UsageError(`'${rest[0]}' is one word too many.`);
  }
  const lastSeals = (values['last-seal'] ?? []).map((text) => {
    const seal = parseSealReference(text);
    if (!seal)
      throw new UsageError(`'${text}' is no seal: it is written like user:12: and 64 hexadecimal digits.`);
    return seal;
  });
  return { name, lastSeals };
}

function parse(argv: readonly string[]) {
  try {
    const options = { 'last-seal': { type: 'string', multiple: true } } as const;
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}.`);
  }
}
