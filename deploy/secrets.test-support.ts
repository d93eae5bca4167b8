import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type SecretsFolder = {
  folder: string;
  /** Of the files that hold one secret each. */
  names: string[];
  output: string;
  remove(): Promise<void>;
};

export const makeSecretsPath = join(import.meta.dirname, 'make-secrets.mjs');

const besideSecrets = ['proof', 'kustomization.yaml'];

/** Runs make-secrets.mjs, of this version or another one, into a temporary folder. */
export async function makeSecrets(
  program: string = makeSecretsPath,
  args: readonly string[] = [],
): Promise<SecretsFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'signet-secrets-'));
  const folder = join(parent, 'secrets');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, folder]);
  return {
    folder,
    names: (await readdir(folder)).filter((name) => !besideSecrets.includes(name)).sort(),
    output: stdout,
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}
