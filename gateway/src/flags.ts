import { parseArgs } from 'node:util';

/** What the command line of a gateway says. */
export type Flags = {
  /** Path of the supergraph. Wins over SUPERGRAPH_FILE and the configuration file. */
  supergraph?: string | undefined;
  /** Path of the configuration file. */
  config?: string | undefined;
  /** Only looks whether the configuration is valid. */
  check: boolean;
};

const help = `Usage: signet-gateway [--supergraph <file>] [--config <file>] [--check]

Serves the supergraph of Apollo Federation that a file holds.

  --supergraph <file>  the composed schema; SUPERGRAPH_FILE means the same
  --config <file>      settings in YAML or JSON; a variable of the environment wins over them
  --check              only check the settings; exit 1 where they are not valid
  --help               print this`;

/** Reads the command line. Prints help and ends the process where that is asked for, or where the line is wrong (exit 2). */
export function readFlags(argv: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        supergraph: { type: 'string' },
        config: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return values;
    console.log(help);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
}
