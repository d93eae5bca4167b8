import crypto from 'node:crypto';
import { subgraphs } from '@signet/schema/subgraphs';
import type { PrivateKeyJwk, ProofKeyFile, ProofPeersFile, ProofSet, PublicKeyJwk } from './key-files.ts';
import type { ProofEntrance, ProofRole } from './proof.ts';
import { maxAgeSeconds } from './signature-form.ts';

export type ProofMember = { name: string; role: ProofRole; entrance?: ProofEntrance };

/**
 * Every service that signs or checks requests: the gateway's entrances and the subgraphs of the registry. An auth process for
 * both platforms is `auth`, one for each is `auth-user` and `auth-portal`.
 */
export const proofMembers: readonly ProofMember[] = [
  { name: 'gateway-graph', role: 'gateway', entrance: 'graph' },
  { name: 'gateway-user', role: 'gateway', entrance: 'user' },
  { name: 'gateway-portal', role: 'gateway', entrance: 'portal' },
  ...['auth-user', 'auth-portal', ...subgraphs.map(({ name }) => name)].map(
    (name): ProofMember => ({ name, role: 'subgraph' }),
  ),
];

/** A key pair for each member. */
export function createProofSet(members: readonly ProofMember[] = proofMembers): ProofSet {
  const keyFiles: { [name: string]: ProofKeyFile } = {};
  const peers: ProofPeersFile['peers'] = {};
  for (const { name, role, entrance } of members) {
    const key = createProofKey();
    keyFiles[name] = { name, keys: [key] };
    peers[name] = { role, ...(entrance && { entrance }), keys: [publicHalfOf(key)] };
  }
  return { keyFiles, peers: { peers } };
}

/** The set with keys for every member of the registry that had none. */
export function addMissingMembers(set: ProofSet): ProofSet {
  return addMembers(
    set,
    proofMembers.filter(({ name }) => !set.peers.peers[name]),
  );
}

/** The set with one more subgraph. Throws a RangeError if the name is taken. */
export function addSubgraph(set: ProofSet, name: string): ProofSet {
  if (set.peers.peers[name]) {
    throw new RangeError(`${name} has keys already.`);
  }
  return addMembers(set, [{ name, role: 'subgraph' }]);
}

function addMembers(set: ProofSet, members: readonly ProofMember[]): ProofSet {
  const added = createProofSet(members);
  return {
    keyFiles: { ...set.keyFiles, ...added.keyFiles },
    peers: { peers: { ...set.peers.peers, ...added.peers.peers } },
  };
}

function createProofKey(): PrivateKeyJwk {
  const { x, d } = crypto.generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'X25519', x: x as string, d: d as string };
}

function publicHalfOf({ kty, crv, x }: PublicKeyJwk): PublicKeyJwk {
  return { kty, crv, x };
}

export const rotationSteps = ['publish', 'switch', 'remove'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/**
 * The time between two steps: every process has read its files again (2 s, and the time to bring new files to it), and no
 * message that was signed before is accepted any more.
 */
export const minStepSeconds = 2 * maxAgeSeconds;

/** The reasons why a step can't be taken: a line for each service. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/**
 * The set after one step for the named services. In each step, a process with the new files and a process with the old ones
 * accept each other's messages, in both directions and for every mixture of services:
 * - publish: every process accepts the new key, none uses it yet
 * - switch: the new key is used, the old one is still accepted
 * - remove: the old key goes
 *
 * @throws {RotationError} if any of the services can't take the step. The set is then unchanged.
 */
export function rotateProofSet(
  set: ProofSet,
  step: RotationStep,
  { names, now }: { names: readonly string[]; now: Date },
): ProofSet {
  const faults = names.flatMap((name) => findStepFault(name, set.keyFiles[name], step, now) ?? []);
  if (faults.length > 0) {
    throw new RotationError(faults);
  }
  return changeKeyFiles(set, names, (file) => takeStep(file, step, now.toISOString()));
}

/** New keys at once, for stolen ones. Requests are refused until every process has read its files again. */
export function replaceKeys(set: ProofSet, names: readonly string[]): ProofSet {
  const unknown = names.filter((name) => !set.keyFiles[name]);
  if (unknown.length > 0) {
    throw new RotationError(unknown.map((name) => `${name}: is not in this set`));
  }
  return changeKeyFiles(set, names, ({ name }) => ({ name, keys: [createProofKey()] }));
}

const before: { [step in RotationStep]: 'published' | 'switched' | undefined } = {
  publish: undefined,
  switch: 'published',
  remove: 'switched',
};

function findStepFault(
  name: string,
  file: ProofKeyFile | undefined,
  step: RotationStep,
  now: Date,
): string | undefined {
  if (!file) {
    return `${name}: is not in this set`;
  }
  const { rotation } = file;
  if (rotation?.step !== before[step]) {
    const next = rotation?.step === 'published' ? 'switch' : rotation ? 'remove' : 'publish';
    return `${name}: its next step is ${next}, not ${step}`;
  }
  const earliest = rotation ? Date.parse(rotation.at) + minStepSeconds * 1000 : 0;
  return now.getTime() < earliest
    ? `${name}: ${step} must wait until ${formatTime(new Date(earliest))}, when every process has read the last step`
    : undefined;
}

function takeStep({ name, keys }: ProofKeyFile, step: RotationStep, at: string): ProofKeyFile {
  const [first, second] = keys;
  switch (step) {
    case 'publish':
      return { name, rotation: { step: 'published', at }, keys: [...keys.slice(0, 1), createProofKey()] };
    case 'switch':
      return { name, rotation: { step: 'switched', at }, keys: [second, first].filter((key) => !!key) };
    case 'remove':
      return { name, keys: keys.slice(0, 1) };
  }
}

/** Changes key files, and peers.json with them: it lists the same keys in the same order. */
function changeKeyFiles(
  set: ProofSet,
  names: readonly string[],
  change: (file: ProofKeyFile) => ProofKeyFile,
): ProofSet {
  const keyFiles = { ...set.keyFiles };
  const peers = { ...set.peers.peers };
  for (const name of names) {
    const [file, peer] = [keyFiles[name], peers[name]];
    if (file && peer) {
      const changed = change(file);
      keyFiles[name] = changed;
      peers[name] = { ...peer, keys: changed.keys.map(publicHalfOf) };
    }
  }
  return { keyFiles, peers: { peers } };
}

export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
