import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { putInPlace } from './put-in-place.ts';

const root = join(import.meta.dirname, '..');

export type CachedBuild = {
  /** The folder with its `vite.config.ts`. */
  folder: string;
  /** Patterns, from the root of the repository, of all that the built files are made from. */
  sources: readonly string[];
  /** Adds files to the built ones. */
  complete?: (made: string) => Promise<void>;
};

/**
 * Builds an app by Vite into its `dist`, in place of what is there, unless that holds what its sources make. A build that fails or is killed
 * leaves `dist` as it was.
 */
export async function buildWhenStale({ folder, sources, complete }: CachedBuild): Promise<void> {
  const stamp = hashFiles(sources);
  const dist = join(folder, 'dist');
  if (existsSync(join(dist, 'stamp')) && readFileSync(join(dist, 'stamp'), 'utf8') === stamp) return;
  removeRemains(folder);
  // Else React's development build goes in where a test or a developer set it.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  const made = mkdtempSync(join(folder, '.building-'));
  try {
    await build({
      root: folder,
      configFile: join(folder, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: made, emptyOutDir: true },
    });
    await complete?.(made);
    writeFileSync(join(made, 'stamp'), stamp);
    // mkdtemp makes a folder that only its owner reads.
    chmodSync(made, 0o755);
    putInPlace(made, dist);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** What builds that were killed have left. One that runs now is younger. */
function removeRemains(folder: string): void {
  for (const name of globSync('.building-*', { cwd: folder })) {
    const path = join(folder, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

function hashFiles(patterns: readonly string[]): string {
  const hash = createHash('sha256');
  const names = patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((name) => /\.\w+$/.test(name) && !/\.(test|e2e|test-support)\.tsx?$/.test(name))
    .sort();
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  return hash.digest('hex');
}
