import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { type Entry, type Package, root } from './manifest.ts';
import { replacedModules } from './replaced-modules.ts';

type Declared = { package: Package; entry: Entry; target: string };

/**
 * Writes the declarations of modules, each as one file without imports of Signet's own.
 *
 * @param modules each with the path of its `.d.ts`.
 * @param tree an empty folder below the repository, from where the compiler finds the packages of npm.
 * @returns the API report of each module by its target: Markdown with the signature of each export.
 * @throws {Error} with the messages of the compiler or of API Extractor.
 */
export function declareModules(modules: readonly Declared[], tree: string): Map<string, string> {
  emitDeclarations(tree);
  const files = modules.map(({ entry }) => declarationOf(entry.source, tree));
  const configs = modules.map((one) => ({ ...one, config: createConfig(one, tree, files) }));
  const [first] = configs;
  if (first === undefined) return new Map();
  // One program for all: each would read the same declarations of npm's packages again.
  const compilerState = CompilerState.create(first.config, { additionalEntryPoints: files });
  return new Map(configs.map(({ target, config }) => [target, rollUp(config, compilerState)]));
}

/**
 * Emits the declarations of all workspaces that packages can hold, in a tree of files that lie as in the repository. Imports between
 * workspaces become relative.
 */
function emitDeclarations(tree: string): void {
  // Modules that are found through node_modules are not emitted, so every workspace is named.
  const include = ['packages', 'libs', 'gateway/src', 'cli/src', 'schema'].map((name) => `${name}/**/*.ts`);
  const exclude = ['packages/dist', '**/node_modules', '**/*.test.ts', '**/*.e2e.ts', '**/*.test-support.ts'];
  const config = join(tree, 'tsconfig.json');
  const text = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      noCheck: true, // `npm run check` has done that.
      stripInternal: true,
      rootDir: root,
      outDir: tree,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: include.map((name) => join(root, name)),
    exclude: exclude.map((name) => join(root, name)),
  };
  writeFileSync(config, JSON.stringify(text));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc emits no declarations:\n${stdout}`);
  for (const [from, to] of replacedModules) {
    if (to.endsWith('.ts')) copyFileSync(declarationOf(to, tree), declarationOf(from, tree));
  }
  for (const path of globSync('**/*.d.ts', { cwd: tree })) makeImportsRelative(join(tree, path), tree);
}

function createConfig({ package: { path }, entry, target }: Declared, tree: string, files: string[]) {
  const reports = join(tree, 'reports', relative(root, path));
  mkdirSync(reports, { recursive: true });
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
  };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: path,
      mainEntryPointFilePath: declarationOf(entry.source, tree),
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files } },
      apiReport: {
        enabled: true,
        // A change of a type that an export only mentions is a change of the surface too.
        includeForgottenExports: true,
        reportFileName: entry.name,
        reportFolder: reports,
        reportTempFolder: reports,
      },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: target },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(path, 'package.json'),
  });
}

function rollUp(config: ExtractorConfig, compilerState: CompilerState): string {
  const messages: string[] = [];
  const { succeeded } = Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error) messages.push(message.text);
    },
  });
  if (!succeeded || messages.length > 0) {
    throw new Error(`${config.mainEntryPointFilePath}: no declarations:\n${messages.join('\n')}`);
  }
  return readFileSync(config.reportFilePath, 'utf8');
}

function declarationOf(source: string, tree: string): string {
  return join(tree, relative(root, source)).replace(/\.ts$/, '.d.ts');
}

const specifiers = /(\bfrom\s*|\bimport\s*\(\s*|^import\s+)(['"])(@signet\/[^'"]+|\.[^'"]+\.ts)\2/gm;

/** `@signet/service` and `./x.ts` become paths of declarations. */
function makeImportsRelative(path: string, tree: string): void {
  const text = readFileSync(path, 'utf8').replaceAll(specifiers, (_all, before, quote, specifier: string) => {
    const target = specifier.startsWith('.') ? specifier : pathTo(findWorkspaceModule(specifier), path, tree);
    return `${before}${quote}${target.replace(/\.ts$/, '.js')}${quote}`;
  });
  writeFileSync(path, text);
}

function pathTo(source: string, from: string, tree: string): string {
  const found = relative(dirname(from), join(tree, relative(root, source)))
    .split(sep)
    .join('/');
  return found.startsWith('.') ? found : `./${found}`;
}

/** The source of `@signet/session/config`. @throws {Error} if no workspace exports it. */
function findWorkspaceModule(specifier: string): string {
  const [scope, name = '', ...rest] = specifier.split('/');
  const folder = join(root, 'node_modules', `${scope}`, name);
  const manifest = join(folder, 'package.json');
  const { exports = {} } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  const target: string | undefined = exports[rest.length > 0 ? `./${rest.join('/')}` : '.'];
  if (target === undefined) throw new Error(`No workspace exports ${specifier}.`);
  return join(realpathSync(folder), target);
}
