import { ConfigError, type Logger } from '@signet/service';
import { followFiles, type KeyPaths, readFiles } from './follow-key-files.ts';
import type { ProofKeyFile, ProofPeersFile } from './key-files.ts';
import { buildKeyring, type Keyring, type KeyringFiles } from './keyring.ts';
import type { ProofIdentity } from './proof.ts';
import { createSigner } from './proof-signer.ts';
import { createVerifier } from './proof-verifier.ts';

export type ProofFileOptions = {
  name: string;
  /** Path of key.json, mode 0600. */
  keyFile: string;
  /** Path of peers.json. */
  peersFile: string;
  logger: Logger;
  /** How often both files are looked at for changes. */
  pollIntervalMs?: number;
  now?: () => number;
};

const defaultPollIntervalMs = 2000;

/**
 * Reads a service's files and follows their changes until `stop`. Throws a ConfigError with all their faults; a file that
 * breaks later is logged, and what was read before stays in use.
 */
export async function openProofIdentity({
  name,
  keyFile,
  peersFile,
  logger,
  pollIntervalMs = defaultPollIntervalMs,
  now = Date.now,
}: ProofFileOptions): Promise<ProofIdentity> {
  const paths: KeyPaths = { key: keyFile, peers: peersFile };
  const first = await readFiles(paths);
  if (first.faults) {
    throw new ConfigError(first.faults);
  }
  let keyring = openKeyring(name, first.files);
  const stop = followFiles(paths, first.files, {
    intervalMs: pollIntervalMs,
    onChange(files) {
      const built = buildKeyring(name, files);
      if (built.faults) return built.faults;
      keyring = built.keyring;
      // Rotation asks to see this line of every process before its next step.
      logger.info({ keys: keyring.ownThumbprints, peers: keyring.holders.size }, 'Proof keys reread');
      return [];
    },
    onFaults(faults) {
      logger.error({ faults }, 'The files of proof keys are not valid: the keys read before stay in use');
    },
  });
  return createIdentity({ name, keyring: () => keyring, now, stop });
}

/** The same from memory, for tests. Throws a ConfigError. */
export function createProofIdentity({
  name,
  keys,
  peers,
  now = Date.now,
}: {
  name: string;
  keys: ProofKeyFile;
  peers: ProofPeersFile;
  now?: () => number;
}): ProofIdentity {
  const keyring = openKeyring(name, {
    key: { path: 'key.json', text: JSON.stringify(keys) },
    peers: { path: 'peers.json', text: JSON.stringify(peers) },
  });
  return createIdentity({ name, keyring: () => keyring, now, stop: () => {} });
}

function openKeyring(name: string, files: KeyringFiles): Keyring {
  const built = buildKeyring(name, files);
  if (built.faults) {
    throw new ConfigError(built.faults);
  }
  return built.keyring;
}

function createIdentity({
  name,
  keyring,
  now,
  stop,
}: {
  name: string;
  keyring: () => Keyring;
  now: () => number;
  stop: () => void;
}): ProofIdentity {
  return { name, signer: createSigner({ keyring, now }), verifier: createVerifier({ keyring, now }), stop };
}
