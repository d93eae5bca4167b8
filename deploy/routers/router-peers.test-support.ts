import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const source = join(import.meta.dirname, 'peers');
const folder = join(import.meta.dirname, '../../.signet/router-peers');

/** Where the routers lie that a test starts. */
export type RouterPeers = {
  /** Has Hive Gateway's configuration beside its packages, where that finds them. */
  folder: string;
  /** Undefined where its package has no binary for this machine. */
  grafbase: string | undefined;
};

/** Installs the routers whose package or binary npm has, by their lockfile, into a folder that git ignores. What is installed already stays. */
export function installRouterPeers(): RouterPeers {
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true });
  cpSync(join(import.meta.dirname, 'hive-gateway'), folder, { recursive: true });
  const lock = readFileSync(join(source, 'package-lock.json'), 'utf8');
  const mark = join(folder, 'node_modules/.signet-lock');
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    execFileSync('npm', ['ci', ...options], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    writeFileSync(mark, lock);
  }
  const grafbase = join(folder, 'node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
  const runs = process.platform === 'linux' && process.arch === 'x64' && existsSync(grafbase);
  // The registry's package holds it without the right to run it; its install script, which is left out here, would set that.
  if (runs) chmodSync(grafbase, 0o755);
  return { folder, grafbase: runs ? grafbase : undefined };
}
