import type { CliConfig } from './config.ts';
import type { CliServer } from './server.ts';

/** What a command is given. */
export type CommandContext = {
  config: CliConfig;
  server: CliServer;
  /** By name without the dashes; a flag without a value is 'true'. */
  options: Readonly<Record<string, string>>;
  print: (line: string) => void;
  /** From the terminal, unseen, or from a pipe. */
  readPassword: () => Promise<string>;
};
