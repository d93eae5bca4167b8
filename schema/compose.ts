import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { collectExampleOperations, examplesPath } from './example-operations.ts';
import { generateResolverTypes, resolverTypesPath } from './resolver-types.ts';
import { subgraphs } from './subgraphs.ts';
import { supergraphPath, variants } from './supergraph-files.ts';
import { composeSupergraph } from './supergraphs.ts';

const root = join(import.meta.dirname, '..');

async function generateAll(only?: string): Promise<{ path: string; content: string }[]> {
  const types = subgraphs
    .filter(({ name }) => !only || name === only)
    .map(async ({ name }) => ({
      path: resolverTypesPath(name),
      content: await generateResolverTypes(name),
    }));
  const supergraphs = only
    ? []
    : variants.map((variant) => ({ path: supergraphPath(variant), content: composeSupergraph(variant) }));
  const examples = only ? [] : [{ path: examplesPath, content: writeExamples() }];
  return [...supergraphs, ...examples, ...(await Promise.all(types))];
}

function writeExamples(): string {
  return `${JSON.stringify(collectExampleOperations(), null, 2)}\n`;
}

/**
 * `npm run compose` writes the generated files; with `--check` it only compares and fails on a difference; with
 * `--only <subgraph>` it writes that subgraph's resolver types, while others may not compose yet.
 */
async function main(args: readonly string[]): Promise<void> {
  const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
  const files = await generateAll(only);
  const changed = files.filter(
    ({ path, content }) => !existsSync(path) || readFileSync(path, 'utf8') !== content,
  );
  const names = changed.map(({ path }) => relative(root, path));
  if (args.includes('--check')) {
    if (changed.length > 0) {
      console.error(`Out of date: ${names.join(', ')}. Run npm run compose and commit the result.`);
      process.exitCode = 1;
    }
    return;
  }
  for (const { path, content } of changed) {
    writeFileSync(path, content);
  }
  console.log(changed.length > 0 ? `Wrote ${names.join(', ')}` : 'Everything is up to date.');
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
