import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { root } from './manifest.ts';

/** What publint and `attw` (Are the Types Wrong?, for packages of ES modules only) find wrong with a tarball: a line for each. */
export async function findTarballFaults(tarball: string): Promise<string[]> {
  const bytes = readFileSync(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  const faults = messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
  const attw = join(root, 'node_modules/.bin/attw');
  const args = [
    attw,
    tarball,
    '--profile',
    'esm-only',
    '--no-definitely-typed',
    '--no-color',
    '--no-emoji',
    '--format',
    'ascii',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) faults.push(`attw: ${stdout || stderr}`);
  return faults.map((fault) => `${basename(tarball)}: ${fault}`);
}
