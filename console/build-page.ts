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

export const root = join(import.meta.dirname, '..');

type BuiltPage = {
  /** Holds `vite.config.ts`, and `dist` when it is built. */
  folder: string;
  /** Patterns of all that the result depends on, from the root. */
  sources: readonly string[];
  /** Writes what Vite does not into the folder that will be `dist`. */
  finish?(made: string): Promise<void>;
};

/**
 * Builds a page into its `dist`, in place of what is there, unless that holds what its sources make. A build that fails or is killed
 * leaves it as it was.
 */
export async function buildPage({ folder, sources, finish }: BuiltPage): Promise<void> {
  const stamp = hashSources(sources);
  const built = join(folder, 'dist');
  if (existsSync(join(built, 'stamp')) && readFileSync(join(built, 'stamp'), 'utf8') === stamp) return;
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
    await finish?.(made);
    writeFileSync(join(made, 'stamp'), stamp);
    // mkdtemp makes a folder that only its owner reads.
    chmodSync(made, 0o755);
    putInPlace(made, built);
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

function hashSources(sources: readonly string[]): string {
  const hash = createHash('sha256');
  const names = [...sources, 'console/build-page.ts']
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
