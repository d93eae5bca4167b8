import { collectExampleOperations, examplesPath } from './example-operations.ts';
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
  return [...supergraphs, ...examples, ...(await Promise.all(types))];
}

function writeExamples(): string {
  return `${JSON.stringify(collectExampleOperations(), null, 2)}\n`;
}
