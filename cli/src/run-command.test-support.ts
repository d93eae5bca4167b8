import { Readable } from 'node:stream';
import type { Io } from './command.ts';
import { runCommand } from './main.ts';

/** Runs `signet <words>` in this process. `out` and `err` are what it printed, line by line. */
export async function run(
  words: string | readonly string[],
  { input = '', env = {}, ...rest }: Partial<Omit<Io, 'stdin'>> & { input?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCommand(typeof words === 'string' ? words.split(' ').filter(Boolean) : words, {
    env,
    stdin: Readable.from([input]),
    print: (text) => {
      printed.out += `${text}\n`;
    },
    printError: (text) => {
      printed.err += `${text}\n`;
    },
    ...rest,
  });
  return { code, ...printed };
}
