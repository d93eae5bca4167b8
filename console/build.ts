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
import { pathToFileURL } from 'node:url';
import { listDocuments } from '../libs/client/src/operations.ts';
import { putInPlace } from './put-in-place.ts';

/* `npm run build -w console`, and `npm start` in a process of its own. */

const root = join(import.meta.dirname, '..');
const folder = join(import.meta.dirname, 'dist');
const sources = [
  'console/{src/**/*,*.ts,*.html,package.json}',
  'libs/client/src/*.ts',
  'subgraphs/*/console/*',
  'package-lock.json',
];

/** Whether `console/dist` holds what its sources make. */
function isConsoleCurrent(): boolean {
  const stamp = join(folder, 'stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashSources();
}

/** Builds the console into `console/dist`, in place of what is there. A build that fails or is killed leaves that as it was. */
async function buildConsole(): Promise<void> {
  const stamp = hashSources();
  removeRemains();
  // Else React's development build goes in where a test or a developer set it.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  const made = mkdtempSync(join(import.meta.dirname, '.building-'));
  try {
    await build({
      configFile: join(import.meta.dirname, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: made, emptyOutDir: true },
    });
    writeFileSync(join(made, 'trusted-documents.json'), await writeManifest());
    writeFileSync(join(made, 'stamp'), stamp);
    // mkdtemp makes a folder that only its owner reads.
    chmodSync(made, 0o755);
    putInPlace(made, folder);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** All that the console sends, for an entrance that runs trusted documents only (docs/trusted-documents.md). */
async function writeManifest(): Promise<string> {
  const files = globSync('{console/src,subgraphs/*/console}/operations.generated.ts', { cwd: root });
  const modules: { operationScopes: ReadonlyMap<string, unknown> }[] = await Promise.all(
    files.sort().map((file) => import(pathToFileURL(join(root, file)).href)),
  );
  const bodies = modules.flatMap(({ operationScopes }) => [...operationScopes.keys()]);
  const operations = [...listDocuments('portal'), ...bodies].map((body) => {
    const [, type, name] = /^(\w+) (\w+)/.exec(body) ?? [];
    return { id: createHash('sha256').update(body).digest('hex'), name, type, body };
  });
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
}

/** What builds that were killed have left. One that runs now is younger. */
function removeRemains(): void {
  for (const name of globSync('.building-*', { cwd: import.meta.dirname })) {
    const path = join(import.meta.dirname, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

function hashSources(): string {
  const hash = createHash('sha256');
  const names = sources
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

if (!isConsoleCurrent()) await buildConsole();
