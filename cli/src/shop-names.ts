import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subgraphs } from '@signet/schema/subgraphs';
import { Kind, parse } from 'graphql';

/** The platform's code. What only runs in tests may use the shop's words as examples. */
const platformFiles = '{schema,db,libs,subgraphs,gateway,launcher,cli,deploy}/**/*.{ts,js,mjs,graphql,css}';
const isExempt = (path: string) =>
  /\.(test|e2e|test-support|generated)\.ts$|\/node_modules\/|^schema\/generated\//.test(path) ||
  // The one table of scopes, from which remove-shop takes the shop's lines.
  path === 'schema/contract/scopes.ts';

/**
 * Places where the platform names the demo shop: a subgraph, a table, a type or a scope that only the subgraphs define which the
 * registry calls `demo`. There must be none, or the platform could not be had without the shop.
 */
export function findShopNames(tree: string): string[] {
  const words = findShopWords(tree);
  if (words.length === 0) return [];
  const names = new RegExp(`\\b(${words.join('|')})\\b`);
  return globSync(platformFiles, { cwd: tree, exclude: (path) => path === 'node_modules' })
    .filter((path) => !isOfShop(path) && !isExempt(path))
    .sort()
    .flatMap((path) =>
      readFileSync(join(tree, path), 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          const found = names.exec(line)?.[1];
          return found ? [`${path}:${index + 1}: the platform names the shop's '${found}'`] : [];
        }),
    );
}

/** The shop's words: its subgraphs, and the types and scopes that only they define. None where there is no shop. */
export function findShopWords(tree: string): string[] {
  return demo.length === 0 ? [] : [...demo, ...findOwnWords(tree)];
}

const demo = subgraphs.filter(({ isDemo }) => isDemo).map(({ name }) => name);

function isOfShop(path: string): boolean {
  return demo.some((name) => path.startsWith(join('subgraphs', name, '/')));
}

/** Types and scopes that stand in the shop's SDL and in no other. */
function findOwnWords(tree: string): string[] {
  const files = globSync('subgraphs/*/src/**/*.graphql', { cwd: tree });
  const wordsOf = (paths: readonly string[]) => new Set(paths.flatMap((path) => findWords(join(tree, path))));
  const others = wordsOf([
    ...files.filter((path) => !isOfShop(path)),
    ...globSync('schema/shared/*.graphql', { cwd: tree }),
  ]);
  return [...wordsOf(files.filter(isOfShop))].filter((word) => !others.has(word));
}

function findWords(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const types = parse(text).definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.ENUM_TYPE_DEFINITION ||
    definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.OBJECT_TYPE_EXTENSION
      ? [definition.name.value]
      : [],
  );
  return [...types, ...(text.match(/(?<=")\w+:\w+(?=")/g) ?? [])];
}
