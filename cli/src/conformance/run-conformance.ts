import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayAdapter, GatewayMissing, type GatewaySetting } from './gateways/gateway.ts';
import { findFreePort, startGatewayProcess } from './gateways/start-gateway.ts';
import { type GraphName, graphs } from './graph/graphs.ts';
import { type RunningSubgraphs, serveSubgraphs } from './graph/subgraph-servers.ts';
import { supergraphs } from './graph/supergraphs.generated.ts';
import { createConformanceIssuer } from './issuer.ts';
import { type CaseResult, type Places, runCases, selectCases } from './run-cases.ts';

export const graphNames = Object.keys(graphs) as GraphName[];

/** The supergraph of a graph with the URLs of subgraphs that run. */
export function placeSupergraph(name: GraphName, urls: RunningSubgraphs['urls']): string {
  return Object.entries(urls).reduce(
    (text, [subgraph, url]) => text.replaceAll(`http://${subgraph}.invalid/`, url),
    supergraphs[name],
  );
}

/**
 * Runs the cases at a gateway that is started for each graph, and ended afterwards.
 *
 * @param serve In place of subgraphs that check nothing.
 */
export async function runConformance(
  adapter: GatewayAdapter,
  only?: string,
  serve: (graph: GraphName) => Promise<RunningSubgraphs> = serveSubgraphs,
): Promise<CaseResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-conformance-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const issuer = await createConformanceIssuer();
    stops.push(issuer.close);
    const jwksFile = join(folder, 'jwks.json');
    await writeFile(jwksFile, JSON.stringify(issuer.jwks));
    const start = async (graph: GraphName): Promise<Places[GraphName]> => {
      const subgraphs = await serve(graph);
      stops.push(subgraphs.close);
      const supergraphFile = join(folder, `${graph}.graphql`);
      await writeFile(supergraphFile, placeSupergraph(graph, subgraphs.urls));
      const setting: GatewaySetting = {
        graph,
        folder,
        supergraphFile,
        jwksFile,
        issuer,
        port: await findFreePort(),
        subgraphs: describeSubgraphs(graph, subgraphs.urls),
      };
      try {
        const gateway = await startGatewayProcess(adapter, setting);
        stops.push(gateway.stop);
        return { url: gateway.url, subgraphs };
      } catch (error) {
        if (error instanceof GatewayMissing) return { reason: error.message };
        throw error;
      }
    };
    const asked = selectCases(only).filter(({ area }) => !(adapter.lacks && area in adapter.lacks));
    const needed = new Set(asked.map(({ graph = 'main' }) => graph));
    const started = await Promise.all(
      graphNames.map(
        async (name) => [name, needed.has(name) ? await start(name) : { reason: 'is not asked' }] as const,
      ),
    );
    return await runCases({
      places: Object.fromEntries(started) as Places,
      issuer,
      lacks: adapter.lacks,
      only,
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function describeSubgraphs(graph: GraphName, urls: RunningSubgraphs['urls']): GatewaySetting['subgraphs'] {
  return Object.fromEntries(
    Object.entries(graphs[graph]).map(([name, sdl]) => [name, { url: urls[name] ?? '', sdl }]),
  );
}
