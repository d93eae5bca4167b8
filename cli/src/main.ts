import type { Io } from './command.ts';
import { type LazyCommand, processIo, runOneOf } from './run-command.ts';

/**
 * Every command. Only the one that is asked for is loaded, with what it imports: an image that holds neither the gateway nor
 * the launcher can still run `db`, `keys`, `audit` and `doctor`. For this reason package.json leaves out @signet/launcher and
 * @signet/testing: an image that installs this package would get the gateway with them.
 */
const commands: readonly LazyCommand[] = [
  [
    'start',
    'start everything: database, seed, subgraphs, gateway',
    async () => (await import('./start.ts')).start,
  ],
  [
    'dev',
    'the same, started again on every change of a source file',
    async () => (await import('./start.ts')).dev,
  ],
  ['compose', 'write the supergraph and the resolver types from the SDL', () => import('./compose.ts')],
  ['types', 'write the types of an entrance as a package', () => import('./types.ts')],
  ['access', 'check every access rule, and write the access matrix', () => import('./access.ts')],
  ['lint', 'check who imports whom, and that only auth can sign', () => import('./lint.ts')],
  ['db', 'migrate, seed, list permissions, create tenants and staff', () => import('./db.ts')],
  ['backup', 'write the embedded database and its secrets into one file', () => import('./backup.ts')],
  ['restore', 'make SIGNET_HOME anew from such a file', () => import('./restore.ts')],
  ['keys', 'list, rotate, revoke and import signing keys and proof keys', () => import('./keys.ts')],
  ['audit', 'check whether anybody changed the audit log', () => import('./audit.ts')],
  [
    'mail',
    'send a test mail; show mails that wait or were given up, and try them again',
    () => import('./mail.ts'),
  ],
  ['usage', 'say which client asks for which field', () => import('./usage.ts')],
  ['accounts', 'list erased accounts, and erase them again after a restore', () => import('./accounts.ts')],
  ['doctor', 'say what is wrong with a deployment, and what to do', () => import('./doctor.ts')],
  ['smoke', 'walk the main paths of a running deployment', () => import('./smoke.ts')],
  [
    'conformance',
    'ask a gateway whether it enforces the access directives',
    () => import('./conformance/conformance-command.ts'),
  ],
  ['attack', 'try to break into a running platform', () => import('./attack/attack-command.ts')],
  ['new', 'write a new subgraph that runs', () => import('./new-subgraph.ts')],
  ['remove-shop', 'delete the demo shop', () => import('./remove-shop.ts')],
];

/** Runs the command of this process's arguments, and sets its exit code. */
export async function runProcessCommand(): Promise<void> {
  process.exitCode = await runCommand(process.argv.slice(2), processIo);
}

/**
 * Runs one command and returns the exit code: 0 done, 1 the command failed, 2 the command line is wrong (`attack`: 2 also
 * where nothing could be tried). `start` and `dev` return at once and go on until a signal ends the process.
 */
export function runCommand(argv: readonly string[], io: Io): Promise<number> {
  return runOneOf(commands, argv, io, {
    description: 'Start, check and operate Signet.',
    example: 'npx signet start',
  });
}
