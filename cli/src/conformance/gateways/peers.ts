import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayMissing } from './gateway.ts';

export type PeerPackages = {
  /** Name of the gateway, for the folder. */
  name: string;
  /** What is installed, in these versions. The first is the gateway itself. */
  packages: Readonly<Record<string, string>>;
  overrides?: Readonly<Record<string, string>>;
};

export type InstalledPeer = { folder: string; version: string };

/** Where `npm run bench` installs the gateways that it measures. */
const benchFolder = join(import.meta.dirname, '../../../../.signet/bench-peers');

/**
 * The folder in whose node_modules a gateway is: the one given, the one of the measurements, or `.signet/conformance/<name>` below the
 * working folder, where npm installs it once. `say` gets a line where that takes time.
 *
 * @throws {GatewayMissing} where npm cannot install it
 */
export function installPeer(
  { name, packages, overrides = {} }: PeerPackages,
  { folder: given, say }: { folder?: string | undefined; say(line: string): void },
): InstalledPeer {
  const own = join(process.cwd(), '.signet/conformance', name);
  const names = Object.keys(packages);
  const isComplete = (folder: string) =>
    names.every((one) => existsSync(join(folder, 'node_modules', one, 'package.json')));
  const found = (given === undefined ? [own, benchFolder] : [given]).find(isComplete);
  if (found !== undefined) return { folder: found, version: versionOf(found, names[0] ?? '') };
  if (given !== undefined)
    throw new GatewayMissing(`${names[0]} is not whole in ${join(given, 'node_modules')}`);
  say(`Installing ${names[0]} into ${own}. This is done once.`);
  mkdirSync(own, { recursive: true });
  writeFileSync(
    join(own, 'package.json'),
    JSON.stringify({
      name: 'conformance-peer',
      private: true,
      type: 'module',
      dependencies: packages,
      overrides,
    }),
  );
  try {
    execFileSync(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefer-offline'],
      {
        cwd: own,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
  } catch (error) {
    throw new GatewayMissing(
      `cannot be installed: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`,
    );
  }
  return { folder: own, version: versionOf(own, names[0] ?? '') };
}

/** A program of a package that the registry keeps without the right to run it. */
export function makeRunnable(path: string): string {
  if (existsSync(path)) chmodSync(path, 0o755);
  return path;
}

/**
 * The imports of a script: by module the names from it. They are made here since `npm run pack` takes each text that looks like an import
 * for one of this package.
 */
export function formatImports(names: Readonly<Record<string, string>>): string {
  return Object.entries(names)
    .map(([module, imported]) => `import ${imported} from ${JSON.stringify(module)};`)
    .join('\n');
}

/** Writes a script into the folder, from where its imports are found. Returns its path. */
export function writePeerScript(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function versionOf(folder: string, name: string): string {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}
