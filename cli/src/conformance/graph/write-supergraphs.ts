// Writes supergraphs.generated.ts: node cli/src/conformance/graph/write-supergraphs.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { addInterfaceRules, type GraphName, graphs } from './graphs.ts';

/** The supergraph of a graph, by Apollo's composition. The URL of each subgraph is `http://<name>.invalid/`. */
export function composeConformanceGraph(name: GraphName): string {
  const services = Object.entries(graphs[name]).map(([subgraph, sdl]) => ({
    name: subgraph,
    url: `http://${subgraph}.invalid/`,
    typeDefs: parse(sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(`${name}: ${errors?.map(({ message }) => message).join('\n')}`);
  return name === 'interfaces' ? addInterfaceRules(supergraphSdl) : supergraphSdl;
}

/** The text of supergraphs.generated.ts. */
export function formatSupergraphs(): string {
  const entries = (Object.keys(graphs) as GraphName[]).map(
    (name) => `  ${name}: ${JSON.stringify(composeConformanceGraph(name).split('\n'))}.join('\\n'),\n`,
  );
  return `// Written by write-supergraphs.ts from graphs.ts.\n/** The supergraphs of the conformance cases, as Apollo's composition writes them. */\nexport const supergraphs = {\n${entries.join('')}};\n`;
}

if (import.meta.main)
  writeFileSync(join(import.meta.dirname, 'supergraphs.generated.ts'), formatSupergraphs());
