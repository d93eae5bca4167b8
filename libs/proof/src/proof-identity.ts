import { ConfigError, type LogWriter } from '@signet/service';
import { followFiles, type KeyPaths, readFiles } from './follow-key-files.ts';
import type { ProofKeyFile, ProofPeersFile } from './key-files.ts';
import { buildKeyring, type Keyring, type KeyringFiles } from './keyring.ts';
import type { ProofIdentity } from './proof.ts';
import { createSigner } from './proof-signer.ts';
import { createVerifier } from './proof-verifier.ts';

type ProofFileOptions = {
  name: string;
  /** Path of key.json, mode 0600. */
  keyFile: string;
  /** Path of peers.json. */
  peersFile: string;
  logger: LogWriter;
  /** How often both files are read again. */
  pollIntervalMs?: number;
  now?: () => number;
};

const defaultPollIntervalMs = 2000;

/**
 * Reads the two files of a service and follows their changes until `stop`. If a file is not valid later, that is logged, and
 * the keys read before stay in use.
 *
 * @throws {ConfigError} with all faults of both files, at the start only.
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
  const first = await readFiles(name, paths);
  if (first.faults) {
    throw new ConfigError(first.faults);
  }
  let keyring = openKeyring(name, first.files);
  let areValid = true;
  const stop = followFiles(name, paths, first.files, {
    intervalMs: pollIntervalMs,
    onChange(files) {
      const built = buildKeyring(name, files);
      if (built.faults) return built.faults;
      keyring = built.keyring;
      // An operator waits for this line of every process before the next step of a rotation.
      logger.info({ keys: keyring.ownThumbprints, peers: keyring.holders.size }, 'Proof keys reread');
      return [];
    },
    onValid() {
      areValid = true;
    },
    onFaults(faults) {
      areValid = false;
      logger.error({ faults }, 'The files of proof keys are not valid; the keys read before stay in use');
    },
  });
  const findLack = () => (areValid ? undefined : 'the files are not valid; the keys read before stay in use');
  return createIdentity({ name, keyring: () => keyring, now, findLack, stop });
}

/** The same from memory, for tests. @throws {ConfigError} */
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
  return createIdentity({ name, keyring: () => keyring, now, findLack: () => undefined, stop: () => {} });
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
  ...rest
}: {
  name: string;
  keyring: () => Keyring;
  now: () => number;
} & Pick<ProofIdentity, 'findLack' | 'stop'>): ProofIdentity {
  return {
    name,
    signer: createSigner({ keyring, now }),
    verifier: createVerifier({ keyring, now }),
    ...rest,
  };
}
