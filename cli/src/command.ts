import type { Environment } from '@signet/service';
import { type Command, Option } from 'commander';

/** What a command reads and where it prints. Tests give their own. */
export type Io = {
  env: Environment;
  stdin: NodeJS.ReadableStream;
  print(text: string): void;
  printError(text: string): void;
  /** Shorter times for tests and measurements. */
  keyTiming?: { publicationSeconds?: number };
  now?: () => Date;
};

/** `exitCode` is what the process ends with when the command is done. */
export type Context = Io & { exitCode: number };

/** A command that the process loads only when it is asked for. */
export type CommandModule = {
  /** Adds description, arguments, options and action to a command that has its name and summary. */
  define(command: Command, context: Context): void;
  /** Rewrites the words behind the command's name before they are parsed. */
  rewriteArguments?(words: readonly string[]): string[];
};

/** The words of the command line contradict one another. One line, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Shows how the command is called, below its help. */
export function addExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ ${example}`);
}

const neededOptions = new WeakSet<Option>();

/**
 * An option that must be given. Commander's own requiredOption is checked before unknown options are, so that a misspelt one
 * would be reported as missing.
 */
export function neededOption(flags: string, description: string): Option {
  const option = new Option(flags, `${description} (required)`);
  neededOptions.add(option);
  return option;
}

function assertNeededOptions(command: Command): void {
  const missing = command.options.filter(
    (option) => neededOptions.has(option) && command.getOptionValue(option.attributeName()) === undefined,
  );
  if (missing.length > 0) {
    throw new UsageError(`Missing ${missing.map(({ flags }) => flags).join(', ')}.`);
  }
}

/** Returns an exit code, or nothing for 0. */
// biome-ignore lint/suspicious/noConfusingVoidType: most work returns nothing, and its functions are void.
export type Work<A extends unknown[]> = (...args: A) => Promise<number | void> | number | void;

/**
 * Wraps the work of a command: what it throws is printed as `explain` words it, exit 1. A UsageError goes on to the caller.
 */
export function action<A extends unknown[]>(
  context: Context,
  explain: (error: unknown) => string,
  work: Work<A>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    // Commander passes the command itself as the last argument.
    assertNeededOptions(args.at(-1) as Command);
    try {
      context.exitCode = (await work(...args)) ?? 0;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      context.printError(explain(error));
      context.exitCode = 1;
    }
  };
}

/** For commands whose failures carry a text for the user. Images hold only what their process needs. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
  const missing = isMissing && /package '([^']+)'/.exec(error.message)?.[1];
  return missing ? `This can't run here: the package ${missing} is not installed.` : error.message;
}
