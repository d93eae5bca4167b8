import { join, resolve } from 'node:path';
import {
  addSubgraph,
  changeProofSet,
  createProofSet,
  LockedError,
  minStepSeconds,
  type ProofSet,
  RotationError,
  readProofSet,
  replaceKeys,
  rotateProofSet,
  writeProofSet,
} from '@signet/proof';
import { ConfigError, type Environment } from '@signet/service';
import { UsageError } from '../../../operator/usage-error.ts';
import { type ProofCommand, parseProofCommand, proofUsage } from './arguments.ts';
import { formatProofTable } from './proof-table.ts';

type Io = {
  /** What follows `proof`. */
  argv: readonly string[];
  env: Environment;
  print(text: string): void;
  printError(text: string): void;
  now?: () => Date;
};

/**
 * Runs `npm run keys -- proof …` and returns the exit code. It works on files alone. Where it fails, they are as they
 * were; what it prints holds no secret.
 */
export function runProofCommand({ argv, env, print, printError, now = () => new Date() }: Io): number {
  try {
    const command = parseProofCommand(argv);
    const folder = resolve(command.folder ?? join(env.SIGNET_HOME || '.signet', 'proof'));
    print(run(command, folder, now()));
    return 0;
  } catch (error) {
    printError(explain(error));
    return 1;
  }
}

function run(command: ProofCommand, folder: string, now: Date): string {
  switch (command.name) {
    case 'init':
      return writeNewSet(folder);
    case 'list':
      return formatProofTable(readProofSet(folder));
    case 'add':
      changeProofSet(folder, (set) => addNewSubgraph(set, command.service));
      return `${command.service} has a key. Give its process ${join(folder, command.service)} and ${join(folder, 'peers')} (docs/proof.md).`;
    case 'rotate': {
      const { step, services } = command;
      const set = changeProofSet(folder, (old) =>
        rotateProofSet(old, step, { names: services.length > 0 ? services : Object.keys(old.keyFiles), now }),
      );
      return `${formatProofTable(set)}\n${whatIsNext[step]}`;
    }
    case 'replace':
      return `${formatProofTable(changeProofSet(folder, (old) => replaceKeys(old, command.services)))}\n${afterReplacing}`;
  }
}

function writeNewSet(folder: string): string {
  const set = createProofSet();
  try {
    writeProofSet(folder, set);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      code === 'ENOTEMPTY' || code === 'EEXIST'
        ? `${folder}: is not empty: the keys there stay. Another folder, or rotate them`
        : `${folder}: can't be written (${code})`,
    ]);
  }
  return `${formatProofTable(set)}\nWritten to ${folder}: to each process its own folder and peers, and no other (docs/proof.md).`;
}

function addNewSubgraph(set: ProofSet, name: string): ProofSet {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name) || name === 'peers') {
    throw new ConfigError([`${name}: must be a name of small letters, digits and dashes (and not peers)`]);
  }
  if (set.peers.peers[name]) {
    throw new ConfigError([`${name}: has keys already`]);
  }
  return addSubgraph(set, name);
}

const wait = `Every process logs "Proof keys reread" within seconds of having the new files. When all have, and after ${minStepSeconds} s at the earliest:`;
const whatIsNext = {
  publish: `The new keys are accepted, and not used yet. ${wait} rotate switch.`,
  switch: `The new keys are used, the old ones still accepted. ${wait} rotate remove.`,
  remove: 'The old keys are gone. The rotation is done.',
};
const afterReplacing =
  'Nothing is accepted from the old keys as soon as a process has the new files; until both sides of a fetch have, it is refused.';

function explain(error: unknown): string {
  if (error instanceof UsageError) {
    return `${error.message}\n${proofUsage}`;
  }
  if (error instanceof ConfigError) {
    return error.faults.join('\n');
  }
  return error instanceof RotationError || error instanceof LockedError
    ? error.message
    : `Nothing was changed: ${(error as Error).message}`;
}
