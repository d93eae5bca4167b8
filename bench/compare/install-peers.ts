import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const source = join(import.meta.dirname, 'peers');
export const peersFolder = join(import.meta.dirname, '../../.signet/bench-peers');

/**
 * Installs what Signet is measured beside, by its lockfile, into a folder that git ignores. What is installed already stays. `say`
 * gets a line where that takes time.
 */
export function installPeers(say: (line: string) => void): void {
  mkdirSync(peersFolder, { recursive: true });
  cpSync(source, peersFolder, { recursive: true });
  const lock = readFileSync(join(source, 'package-lock.json'), 'utf8');
  const mark = join(peersFolder, 'node_modules/.signet-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  say('Installing the peers into .signet/bench-peers. This is done once, and takes a minute or two.');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: peersFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // The registry's package holds it without the right to run it; its install script, which is left out here, would set that.
  const grafbase = join(peersFolder, 'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
  if (existsSync(grafbase)) chmodSync(grafbase, 0o755);
  writeFileSync(mark, lock);
}
