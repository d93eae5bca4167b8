import { open } from 'node:fs/promises';
import type { KeyringFiles } from './keyring.ts';

export type KeyPaths = { key: string; peers: string };
type Read = { files: KeyringFiles; faults?: never } | { files?: never; faults: string[] };

const groupAndOthers = 0o077;
const mayWrite = 0o022;
/** Far more than two keys, or fifty services with two, need. */
const maxBytes = 64 * 1024;

/** Both files as texts, or why they can't be read: a line for each, with its path. */
export async function readFiles({ key, peers }: KeyPaths): Promise<Read> {
  const results = await Promise.all([
    readFile(key, { isPrivate: true }),
    readFile(peers, { isPrivate: false }),
  ]);
  const [keyText, peersText] = results.map(({ text }) => text);
  if (keyText === undefined || peersText === undefined) {
    return { faults: results.flatMap(({ fault }) => fault ?? []) };
  }
  return { files: { key: { path: key, text: keyText }, peers: { path: peers, text: peersText } } };
}

async function readFile(
  path: string,
  { isPrivate }: { isPrivate: boolean },
): Promise<{ text?: string; fault?: string }> {
  try {
    const file = await open(path);
    try {
      const { mode, size } = await file.stat();
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      if (isPrivate && (mode & groupAndOthers) !== 0) {
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
    return { fault: `${path}: can't be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

type Follower = {
  intervalMs: number;
  /** Returns what is wrong with the new texts, if anything. */
  onChange(files: KeyringFiles): string[];
  /** Once for each new set of faults. */
  onFaults(faults: string[]): void;
};

/**
 * Looks at both files every `intervalMs` and compares their content. No watch of the file system: across bind mounts, and
 * where a folder is swapped by a symbolic link, its events do not come. Returns what ends it.
 */
export function followFiles(paths: KeyPaths, first: KeyringFiles, follower: Follower): () => void {
  let current = textsOf(first);
  let reported = '';
  let isBusy = false;
  const look = async () => {
    const { files, faults: unreadable } = await readFiles(paths);
    if (isStopped) return;
    const faults = unreadable ?? (textsOf(files) === current ? [] : follower.onChange(files));
    if (files && faults.length === 0) {
      current = textsOf(files);
    }
    const report = faults.join('\n');
    if (report && report !== reported) {
      follower.onFaults(faults);
    }
    reported = report;
  };
  let isStopped = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    look().finally(() => {
      isBusy = false;
    });
  }, follower.intervalMs);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

function textsOf({ key, peers }: KeyringFiles): string {
  return `${key.text}\n${peers.text}`;
}
