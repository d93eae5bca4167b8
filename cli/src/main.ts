import { Command, CommanderError } from 'commander';
import { type CommandModule, type Context, type Io, messageOf, UsageError } from './command.ts';

type LazyCommand = [name: string, summary: string, load: () => Promise<CommandModule>];

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
  ['access', 'check every access rule, and write the access matrix', () => import('./access.ts')],
  ['lint', 'check who imports whom, and that only auth can sign', () => import('./lint.ts')],
  ['db', 'migrate, seed, list permissions, create tenants and staff', () => import('./db.ts')],
  ['keys', 'list, rotate, revoke and import signing keys and proof keys', () => import('./keys.ts')],
  ['audit', 'check whether anybody changed the audit log', () => import('./audit.ts')],
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
  process.exitCode = await runCommand(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    print: (text) => console.log(text),
    printError: (text) => console.error(text),
  });
}

/**
 * Runs one command and returns the exit code: 0 done, 1 the command failed, 2 the command line is wrong (`attack`: 2 also
 * where nothing could be tried). `start` and `dev` return at once and go on until a signal ends the process.
 */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const context: Context = { ...io, exitCode: 0 };
  const program = createProgram(io);
  try {
    await program.parseAsync(await addCommands(program, argv, context), { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // A command that only groups others was called alone: its help has been printed.
    if (error instanceof CommanderError && error.code === 'commander.help') return 2;
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      io.printError(messageOf(error));
      return 1;
    }
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    io.printError(`${asSentence(error.message)} See: ${pathOf(program, argv)} --help`);
    return 2;
  }
}

function createProgram({ print, printError }: Io): Command {
  return new Command('signet')
    .description('Start, check and operate Signet.')
    .addHelpText('after', '\nExample:\n  $ npx signet start')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => printError(text.trimEnd()),
      outputError: () => {}, // runCommand prints it.
    });
}

/** Adds every command by name and loads the one that is asked for. Returns the words to parse. */
async function addCommands(program: Command, argv: readonly string[], context: Context): Promise<string[]> {
  const names = argv.filter((word) => !word.startsWith('-'));
  const wanted = names[0] === 'help' ? names[1] : names[0];
  let words = [...argv];
  for (const [name, summary, load] of commands) {
    const command = program.command(name).summary(summary);
    if (name !== wanted) continue;
    const module = await load();
    module.define(command, context);
    if (module.rewriteArguments) {
      const start = words.indexOf(name) + 1;
      words = [...words.slice(0, start), ...module.rewriteArguments(words.slice(start))];
    }
  }
  return words;
}

/** Commander's "error: unknown command 'strat'\n(Did you mean start?)" as one line. */
function asSentence(message: string): string {
  const [fault = '', hint] = message.replace(/^error: /, '').split('\n');
  const sentence = fault.charAt(0).toUpperCase() + fault.slice(1);
  const end = /[.?!]$/.test(sentence) ? '' : '.';
  return `${sentence}${end}${hint ? ` ${hint.replace(/^\((.*)\)$/, '$1')}` : ''}`;
}

/** The command whose help says more about a fault: `signet keys rotate`. */
function pathOf(program: Command, argv: readonly string[]): string {
  const path = [program.name()];
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word);
    if (!next) break;
    path.push(word);
    command = next;
  }
  return path.join(' ');
}
