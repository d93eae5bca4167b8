import { join, resolve } from 'node:path';
import {
  addSubgraph,
  changeProofSet,
  createProofSet,
  LockedError,
  minStepSeconds,
  type ProofSet,
  proofMembers,
  RotationError,
  type RotationStep,
  readProofSet,
  replaceKeys,
  rotateProofSet,
  rotationSteps,
  thumbprintOf,
  writeProofSet,
} from '@signet/proof';
import { ConfigError } from '@signet/service';
import { Argument, type Command } from 'commander';
import { action, addExample, type Context, neededOption } from './command.ts';

type FolderOption = { folder?: string };

/**
 * `signet keys proof`: the keys between gateway and subgraphs. It works on files alone. Where it fails, they are as they
 * were; what it prints holds no secret.
 */
export function defineProofKeys(command: Command, context: Context): void {
  const { env, print, now = () => new Date() } = context;
  const folderOf = ({ folder }: FolderOption) =>
    resolve(folder ?? join(env.SIGNET_HOME || '.signet', 'proof'));
  const add = (words: string, description: string, example: string) =>
    addExample(command.command(words).description(description), `npx signet keys proof ${example}`);
  const addToSet = (words: string, description: string, example: string) =>
    add(words, description, example).option(
      '--folder <folder>',
      'where the set lies (default: the keys of npm start, in SIGNET_HOME)',
    );

  addExample(
    command.description('The keys by which a gateway proves to a subgraph who it is (docs/proof.md).'),
    'npx signet keys proof list',
  );
  add(
    'init',
    'a new set: a key for each entrance and subgraph, and peers.json for all',
    'init --out deploy/secrets/proof',
  )
    .option(
      '--subgraph <name>',
      'a subgraph of another graph; repeat it (default: the subgraphs of this platform)',
      (name: string, before: string[] = []) => [...before, name],
    )
    .addOption(neededOption('--out <folder>', 'a folder that is empty or does not exist'))
    .action(
      action(context, explain, ({ out, subgraph = [] }: { out: string; subgraph?: string[] }) => {
        print(writeNewSet(resolve(out), subgraph));
      }),
    );
  addToSet('list', 'whose keys there are, their thumbprints, and the next step of a rotation', 'list').action(
    action(context, explain, (options: FolderOption) => {
      print(formatProofTable(readProofSet(folderOf(options))));
    }),
  );
  addToSet('add', 'a key for one more subgraph', 'add reviews')
    .argument('<service>', 'its name, as its process is configured')
    .action(
      action(context, explain, (service: string, options: FolderOption) => {
        const folder = folderOf(options);
        changeProofSet(folder, (set) => addNewSubgraph(set, service));
        print(
          `${service} has a key. Give its process ${join(folder, service)} and ${join(folder, 'peers')} (docs/proof.md).`,
        );
      }),
    );
  addToSet(
    'rotate',
    'one step of a rotation, for the services named or all; nothing is refused meanwhile',
    'rotate publish',
  )
    .addArgument(new Argument('<step>', 'in this order').choices(rotationSteps))
    .argument('[service...]', 'whose keys (default: all)')
    .action(
      action(context, explain, (step: RotationStep, services: string[], options: FolderOption) => {
        const set = changeProofSet(folderOf(options), (old) =>
          rotateProofSet(old, step, {
            names: services.length > 0 ? services : Object.keys(old.keyFiles),
            now: now(),
          }),
        );
        print(`${formatProofTable(set)}\n${whatIsNext[step]}`);
      }),
    );
  addToSet(
    'replace',
    'new keys at once, where the old ones are stolen: requests are refused until every process has them',
    'replace gateway-user',
  )
    .argument('<service...>', 'whose keys')
    .action(
      action(context, explain, (services: string[], options: FolderOption) => {
        const set = changeProofSet(folderOf(options), (old) => replaceKeys(old, services));
        print(`${formatProofTable(set)}\n${afterReplacing}`);
      }),
    );
}

function writeNewSet(folder: string, subgraphs: readonly string[]): string {
  const gateways = createProofSet(proofMembers.filter(({ role }) => role === 'gateway'));
  const set =
    subgraphs.length === 0
      ? createProofSet()
      : subgraphs.reduce((made, name) => addNewSubgraph(made, name), gateways);
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

/** Who holds which keys: thumbprints, as key ids in Signature-Input have them. */
function formatProofTable({ keyFiles, peers }: ProofSet): string {
  const width = Math.max(...Object.keys(keyFiles).map((name) => name.length));
  return Object.entries(keyFiles)
    .flatMap(([name, { keys, rotation }]) => {
      const role = peers.peers[name]?.entrance ? 'entrance' : 'subgraph';
      const second = rotation?.step === 'published' ? 'next' : 'last';
      return keys.map(({ x }, index) => {
        const since = rotation && index === 1 ? `, ${rotation.step} ${rotation.at.slice(0, 19)}Z` : '';
        const label = (index === 0 ? name : '').padEnd(width);
        return `  ${label}  ${index === 0 ? role : '        '}  ${thumbprintOf(x)}  ${index === 0 ? 'in use' : second}${since}`;
      });
    })
    .join('\n');
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) {
    return error.faults.join('\n');
  }
  return error instanceof RotationError || error instanceof LockedError
    ? error.message
    : `Nothing was changed: ${(error as Error).message}`;
}
