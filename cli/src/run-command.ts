import { Command, CommanderError } from 'commander';
import { type CommandModule, type Context, type Io, messageOf, UsageError } from './command.ts';

/** A command whose module is loaded when it is asked for. */
export type LazyCommand = [name: string, summary: string, load: () => Promise<CommandModule>];

/** What `signet --help` says. */
export type ProgramTexts = { description: string; example: string };

/** Environment and output of this process. */
export const processIo: Io = {
  env: process.env,
  stdin: process.stdin,
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
};

/** All of C0 and C1 but tab and line feed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Commands print what other servers say. To a terminal, ESC begins an order: to fill the clipboard, or to write over the lines above. */
function withoutControls(text: string): string {
  return text.replace(controls, '\ufffd');
}

/** Runs one of the commands and returns the exit code: 0 done, 1 the command failed, 2 the command line is wrong. */
export async function runOneOf(
  commands: readonly LazyCommand[],
  argv: readonly string[],
  output: Io,
  texts: ProgramTexts,
): Promise<number> {
  const io: Io = {
    ...output,
    print: (text) => output.print(withoutControls(text)),
    printError: (text) => output.printError(withoutControls(text)),
  };
  const context: Context = { ...io, exitCode: 0 };
  const program = createProgram(io, texts);
  try {
    await program.parseAsync(await addCommands(program, commands, argv, context), { from: 'user' });
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

function createProgram({ print, printError }: Io, { description, example }: ProgramTexts): Command {
  return new Command('signet')
    .description(description)
    .addHelpText('after', `\nExample:\n  $ ${example}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => printError(text.trimEnd()),
      outputError: () => {}, // runCommand prints it.
    });
}

/** Adds every command by name and loads the one that is asked for. Returns the words to parse. */
async function addCommands(
  program: Command,
  commands: readonly LazyCommand[],
  argv: readonly string[],
  context: Context,
): Promise<string[]> {
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
