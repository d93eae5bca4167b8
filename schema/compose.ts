import { collectExampleOperations, examplesPath } from './example-operations.ts';
import { generateOperationTypes, listOperationFolders, operationTypesPath } from './operation-types.ts';
import { generateResolverTypes, resolverTypesPath } from './resolver-types.ts';
import { subgraphs } from './subgraphs.ts';
import { supergraphPath, variants } from './supergraph-files.ts';
import { composeSupergraph } from './supergraphs.ts';

/**
 * What `npm run compose` writes: every generated file with its path. With `only`, the resolver types of that subgraph, while
 * others may not compose yet.
 *
 * @throws {Error} where the SDL does not parse or compose.
 */
export async function generateAll(only?: string): Promise<{ path: string; content: string }[]> {
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
  const operations = only
    ? []
    : listOperationFolders().map(async (folder) => ({
        path: operationTypesPath(folder),
        content: await generateOperationTypes(folder),
      }));
  return [...supergraphs, ...examples, ...(await Promise.all([...types, ...operations]))];
}

function writeExamples(): string {
  return `${JSON.stringify(collectExampleOperations(), null, 2)}\n`;
}
