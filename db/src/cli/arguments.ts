import { parseArgs } from 'node:util';
import { type Command, commands } from './commands.ts';
import { CliError } from './errors.ts';

/** The command and its options. Throws a CliError with the usage where they are not as it says. */
export function parseCommand(argv: readonly string[]): { command: Command; options: Record<string, string> } {
  const [name = '', ...rest] = argv;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command)
    throw new CliError(`${name ? `Unknown command '${name}'.` : 'Which command?'} ${describeCommands()}`);
  const values = parseOptions(name, command, rest);
  const missing = Object.keys(command.values).filter((option) => command.values[option] && !values[option]);
  if (missing.length > 0)
    throw new CliError(
      `Missing ${missing.map((option) => `--${option}`).join(', ')}. ${usage(name, command)}`,
    );
  return { command, options: values };
}

function describeCommands(): string {
  const lines = Object.entries(commands).map(
    ([name, command]) => `  ${usageOf(name, command)}\n      ${command.summary}`,
  );
  return `npm run db -- <command>\n${lines.join('\n')}`;
}

function parseOptions(name: string, command: Command, args: string[]): Record<string, string> {
  const types = [
    ...Object.keys(command.values).map((option) => [option, { type: 'string' }] as const),
    ...command.flags.map((option) => [option, { type: 'boolean' }] as const),
  ];
  try {
    const { values } = parseArgs({ args, options: Object.fromEntries(types), strict: true });
    return Object.fromEntries(Object.entries(values).map(([option, value]) => [option, String(value)]));
  } catch (error) {
    // parseArgs says which option is wrong, then how to escape it, which helps nobody here.
    throw new CliError(`${(error as Error).message.split('. ')[0]}. ${usage(name, command)}`);
  }
}

function usage(name: string, command: Command): string {
  return `Usage: npm run db -- ${usageOf(name, command)}`;
}

function usageOf(name: string, { values, flags }: Command): string {
  const options = Object.entries(values).map(([option, isNeeded]) =>
    isNeeded ? `--${option} …` : `[--${option} …]`,
  );
  return [name, ...options, ...flags.map((flag) => `[--${flag}]`)].join(' ');
}
