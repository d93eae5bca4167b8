import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RegisteredSubgraph } from '@signet/schema/subgraphs';
import type { Command } from 'commander';
import { removeService } from '../../deploy/compose-services.ts';
import { action, addExample, type Context, messageOf } from './command.ts';
import { readRegistered, readRegistryText, removeDemoLines } from './registry-file.ts';

/** The shop's pages for customers. */
const storefront = 'examples/storefront';
/** Examples from the shop may stay in it. What would be wrong without the shop stands between marks. */
const documentation = ['README.md', 'ARCHITECTURE.md', 'docs/*.md'];

/** `signet remove-shop` */
export function define(command: Command, context: Context): void {
  addExample(
    command.description(
      'Deletes the demo shop and all that belongs to it, then composes what is left. Databases keep their data.',
    ),
    'npx signet remove-shop',
  )
    .option('--force', 'also where there are uncommitted changes')
    .action(
      action(context, messageOf, ({ force = false }: Partial<RemoveShopOptions>) => {
        const removed = removeShop(join(import.meta.dirname, '../..'), { force });
        context.print(`Removed:\n${removed.map((line) => `  ${line}`).join('\n')}`);
        context.print('\nNext: npm test, npm start, npx signet new subgraph <name>');
      }),
    );
}

/** The shop was not removed. The repository is as it was. */
export class RemoveShopError extends Error {
  override readonly name = 'RemoveShopError';
}

export type RemoveShopOptions = {
  /** Also where there are uncommitted changes, which git could then not bring back. */
  force: boolean;
};

/**
 * Deletes the demo shop: the folders of the subgraphs that the registry calls `demo`, their lines in the registry and in
 * docker-compose.yml, the scopes that only their rules use, the storefront, and what the documentation marks as the shop's. Then composes what is left and writes its access matrix. Either
 * all of it happens, or nothing.
 *
 * Databases keep the shop's tables: nothing here connects to one.
 *
 * @returns what was removed, a line each.
 * @throws {RemoveShopError} where there is no shop, for uncommitted changes, and where the rest does not compose.
 */
export function removeShop(tree: string, { force }: RemoveShopOptions): string[] {
  const registry = readRegistryText(tree);
  const shop = readRegistered(registry).filter(({ isDemo }) => isDemo);
  if (shop.length === 0) {
    throw new RemoveShopError('There is no demo shop: schema/subgraphs.json has no line with "demo": true.');
  }
  if (!force) assertNothingUncommitted(tree);
  const scopes = findShopScopes(tree, shop);
  const changes: Readonly<Record<string, (text: string) => string>> = {
    'schema/subgraphs.json': removeDemoLines,
    'docker-compose.yml': (text) => shop.reduce(removeService, text),
    'schema/contract/scopes.ts': (text) => removeScopes(text, scopes),
    ...Object.fromEntries(globSync(documentation, { cwd: tree }).map((path) => [path, removeShopTexts])),
  };
  const generated = globSync(
    [
      'schema/generated/*',
      'deploy/kubernetes/{base,images,components/replicas}/*',
      'console/src/**/*.generated.ts',
    ],
    { cwd: tree },
  );
  const before = new Map(
    [...Object.keys(changes), ...generated].map((path) => [path, readFileSync(join(tree, path), 'utf8')]),
  );
  // In a folder of the repository, so that moving back can't fail for want of space.
  const aside = mkdtempSync(join(tree, 'subgraphs', '.removed-'));
  const folders = [...shop.map(({ name }) => `subgraphs/${name}`), storefront];
  const moved: string[] = [];
  try {
    for (const folder of folders.filter((path) => existsSync(join(tree, path)))) {
      renameSync(join(tree, folder), join(aside, basename(folder)));
      moved.push(folder);
    }
    for (const [path, change] of Object.entries(changes)) {
      writeFileSync(join(tree, path), change(before.get(path) ?? ''));
    }
    for (const command of ['compose', 'access']) runCommand(tree, command);
  } catch (error) {
    for (const [path, text] of before) writeFileSync(join(tree, path), text);
    for (const folder of moved) renameSync(join(aside, basename(folder)), join(tree, folder));
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
  return [
    ...shop.map(
      ({ name }) =>
        `subgraphs/${name}, its line in schema/subgraphs.json and its service in docker-compose.yml`,
    ),
    ...(moved.includes(storefront) ? [`${storefront}, its pages for customers`] : []),
    ...scopes.map((scope) => `the scope ${scope} in schema/contract/scopes.ts`),
  ];
}

function assertNothingUncommitted(tree: string): void {
  const { status, stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: tree, encoding: 'utf8' });
  if (status !== 0) {
    throw new RemoveShopError(
      'This is not a git repository, so nothing could bring the shop back. Use --force to remove it all the same.',
    );
  }
  if (stdout.trim() === '') return;
  const paths = stdout.trimEnd().split('\n');
  const shown = paths.slice(0, 5).map((line) => `  ${line}`);
  throw new RemoveShopError(
    [
      `There are ${paths.length} uncommitted changes. Commit them first, or use --force:`,
      ...shown,
      ...(paths.length > shown.length ? ['  …'] : []),
    ].join('\n'),
  );
}

/** Scopes that rules of the shop use and no other subgraph's. */
function findShopScopes(tree: string, shop: readonly RegisteredSubgraph[]): string[] {
  const isOfShop = (path: string) => shop.some(({ name }) => path.startsWith(join('subgraphs', name, 'src')));
  const files = globSync('subgraphs/*/src/**/*.graphql', { cwd: tree });
  const scopesOf = (paths: readonly string[]) =>
    new Set(
      paths.flatMap((path) => readFileSync(join(tree, path), 'utf8').match(/(?<=")\w+:\w+(?=")/g) ?? []),
    );
  const others = scopesOf(files.filter((path) => !isOfShop(path)));
  return [...scopesOf(files.filter(isOfShop))].filter((scope) => !others.has(scope)).sort();
}

/** Between `<!-- shop -->` and `<!-- /shop -->`, on lines of their own or within one; and the rows of a table that have `<!-- shop row -->`. */
function removeShopTexts(text: string): string {
  return text
    .replaceAll(/^<!-- shop -->\n[\s\S]*?^<!-- \/shop -->\n+/gm, '')
    .replaceAll(/<!-- shop -->.*?<!-- \/shop -->/g, '')
    .replaceAll(/^\|.*<!-- shop row -->.*\n/gm, '');
}

/** The table of scopes has a line for each. */
function removeScopes(text: string, scopes: readonly string[]): string {
  return scopes.reduce((rest, scope) => rest.replace(new RegExp(`^ *'${scope}': .*\\n`, 'm'), ''), text);
}

/** In a process of its own: this one has read the old registry. */
function runCommand(tree: string, command: string): void {
  const bin = join(tree, 'cli', 'bin', 'signet.mjs');
  const { status, stderr } = spawnSync(process.execPath, [bin, command], { cwd: tree, encoding: 'utf8' });
  if (status !== 0) {
    throw new RemoveShopError(
      `The rest does not pass 'signet ${command}', so nothing was removed:\n${stderr.trim()}`,
    );
  }
}
