import { open } from 'node:fs/promises';
import { poll } from '@signet/flow';
import { ConfigError } from '@signet/service';
import type { KeyringFiles } from './keyring.ts';

export type KeyPaths = { key: string; peers: string };
type Read = { files: KeyringFiles; faults?: never } | { files?: never; faults: string[] };

const mayWrite = 0o022;
/** Far more than two keys, or fifty services with two keys each, need. */
const maxBytes = 64 * 1024;

/** The texts of both files of the service `name`, or the faults that prevent reading: a line each, with the path. */
export async function readFiles(name: string, { key, peers }: KeyPaths): Promise<Read> {
  const results = await Promise.all([
    readFile(key, { isPrivate: true, ifMissing: describeMissingKey(name) }),
    readFile(peers, { isPrivate: false, ifMissing: missingPeers }),
  ]);
  const [keyText, peersText] = results.map(({ text }) => text);
  if (keyText === undefined || peersText === undefined) {
    return { faults: results.flatMap(({ fault }) => fault ?? []) };
  }
  return { files: { key: { path: key, text: keyText }, peers: { path: peers, text: peersText } } };
}

function describeMissingKey(name: string): string {
  const [, entrance] = /^gateway-(\w+)$/.exec(name) ?? [];
  const variable = `${entrance ? `${entrance.toUpperCase()}_` : ''}PROOF_KEY_FILE`;
  return `it holds the private key of ${name} (${variable}). In the repository npm start makes it; elsewhere run npx signet keys proof add ${name}`;
}

const missingPeers =
  'it holds the public keys of all processes (PROOF_PEERS_FILE). In the repository npm start makes it; elsewhere run npx signet keys proof init --out <folder>';

/**
 * Whether others than the process can read or change a file that is its own. A file of root's may be open to the group, as PostgreSQL
 * allows it, too: Kubernetes mounts the secrets of a process that isn't root in no other way.
 */
export function isOpenToOthers(
  { mode, uid }: { mode: number; uid: number },
  processUid: number | undefined,
): boolean {
  const isLent = uid === 0 && processUid !== 0;
  return (mode & (isLent ? 0o037 : 0o077)) !== 0;
}

async function readFile(
  path: string,
  { isPrivate, ifMissing }: { isPrivate: boolean; ifMissing: string },
): Promise<{ text?: string; fault?: string }> {
  try {
    const file = await open(path);
    try {
      const { mode, size, uid } = await file.stat();
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      if (isPrivate && isOpenToOthers({ mode, uid }, process.geteuid?.())) {
        return { fault: `${path}: holds private keys and is open to others (mode ${octal}); chmod 600` };
      }
      if ((mode & mayWrite) !== 0) {
        return {
          fault: `${path}: says who is a gateway, and others may write it (mode ${octal}); chmod 644`,
        };
      }
      if (size > maxBytes) {
        return { fault: `${path}: is larger than ${maxBytes} bytes` };
      }
      return { text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { fault: `${path}: can't be read (${code})${code === 'ENOENT' ? `; ${ifMissing}` : ''}` };
  }
}

type Follower = {
  intervalMs: number;
  /** Returns the faults of the new texts. With a fault, the texts count as not taken. */
  onChange(files: KeyringFiles): string[];
  /** Called after each look that found no fault. */
  onValid(): void;
  /** Called once for each new set of faults. */
  onFaults(faults: readonly string[]): void;
};

/**
 * Reads both files of the service `name` every `intervalMs` and compares their content. File system events are not used: they
 * do not cross bind mounts, and do not come where a symbolic link is turned to another folder. Returns the function that ends it.
 */
export function followFiles(
  name: string,
  paths: KeyPaths,
  first: KeyringFiles,
  { intervalMs, onChange, onValid, onFaults }: Follower,
): () => void {
  let current = textsOf(first);
  const look = async (signal: AbortSignal) => {
    const { files, faults: unreadable } = await readFiles(name, paths);
    if (signal.aborted) return;
    const faults = unreadable ?? (textsOf(files) === current ? [] : onChange(files));
    if (faults.length > 0) throw new ConfigError(faults);
    if (files) current = textsOf(files);
    onValid();
  };
  const stop = poll(look, {
    everyMs: intervalMs,
    onFault: (error) => onFaults(error instanceof ConfigError ? error.faults : [error.message]),
  });
  return () => void stop();
}

function textsOf({ key, peers }: KeyringFiles): string {
  return `${key.text}\n${peers.text}`;
}
