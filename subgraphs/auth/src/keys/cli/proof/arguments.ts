import { parseArgs } from 'node:util';
import { type RotationStep, rotationSteps } from '@signet/proof';
import { UsageError } from '../../../operator/usage-error.ts';

export type ProofCommand = { folder: string | undefined } & (
  | { name: 'init'; folder: string }
  | { name: 'list' }
  | { name: 'add'; service: string }
  /** Without names: everybody. */
  | { name: 'rotate'; step: RotationStep; services: readonly string[] }
  | { name: 'replace'; services: readonly string[] }
);

export const proofUsage = `npm run keys -- proof <command>
  init --out <folder>
      a new set: a key for each entrance and subgraph, and peers.json for all
  list [--folder <folder>]
      whose keys there are, their thumbprints, and the next step of a rotation
  add <service> [--folder <folder>]
      a key for one more subgraph
  rotate publish|switch|remove [<service>…] [--folder <folder>]
      one step of a rotation, for the services named or all; nothing is refused meanwhile
  replace <service>… [--folder <folder>]
      new keys at once, where the old ones are stolen: requests are refused until every process has them
Without --folder: the keys of npm start, in SIGNET_HOME.`;

/** @throws {UsageError} */
export function parseProofCommand(argv: readonly string[]): ProofCommand {
  const { values, positionals } = parse(argv);
  const [name = '', ...words] = positionals;
  const folder = values.folder;
  if ((values.out !== undefined) !== (name === 'init')) {
    throw new UsageError(
      name === 'init' ? 'Into which folder? --out <folder>.' : '--out belongs to proof init.',
    );
  }
  if (folder !== undefined && name === 'init') {
    throw new UsageError('--folder is where a set lies already; init takes --out.');
  }
  switch (name) {
    case 'init':
      allow(words, 0);
      return { name, folder: values.out ?? '' };
    case 'list':
      allow(words, 0);
      return { name, folder };
    case 'add': {
      const [service] = words;
      if (!service) throw new UsageError('Which service? Its name, as its process is configured.');
      allow(words, 1);
      return { name, folder, service };
    }
    case 'rotate': {
      const [first, ...services] = words;
      const step = rotationSteps.find((known) => known === first);
      if (!step) throw new UsageError(`Which step? ${rotationSteps.join(', ')}: in this order.`);
      return { name, folder, step, services };
    }
    case 'replace':
      if (words.length === 0) throw new UsageError('Whose keys? Name each service.');
      return { name, folder, services: words };
    default:
      throw new UsageError(name ? `Unknown command 'proof ${name}'.` : 'Which command of proof?');
  }
}

function parse(argv: readonly string[]) {
  const options = { out: { type: 'string' }, folder: { type: 'string' } } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}.`);
  }
}

function allow(words: readonly string[], count: number): void {
  if (words.length > count) {
    throw new UsageError(`'${words[count]}' is one word too many.`);
  }
}
