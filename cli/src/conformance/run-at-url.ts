import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from './gateways/start-gateway.ts';
import { type GraphName, graphs } from './graph/graphs.ts';
import { serveSubgraphs } from './graph/subgraph-servers.ts';
import { createConformanceIssuer } from './issuer.ts';
import { type CaseResult, type Places, runCases } from './run-cases.ts';
import { graphNames, placeSupergraph } from './run-conformance.ts';

export type UrlOptions = {
  url: string;
  graph: GraphName;
  /** The subgraphs and the issuer get this port and the following ones. */
  firstPort: number;
  /** Where the supergraph, the SDL and the keys are written to. */
  folder: string;
  waitSeconds: number;
  only?: string | undefined;
  print(line: string): void;
};

/**
 * Serves the subgraphs and the issuer at fixed ports, says what a gateway needs, waits until one answers at the URL, and runs the cases
 * of one graph there.
 *
 * @throws {Error} where no gateway answers in time
 */
export async function runAtUrl(options: UrlOptions): Promise<CaseResult[]> {
  const { url, graph, firstPort, folder, waitSeconds, only, print } = options;
  const subgraphs = await serveSubgraphs(graph, firstPort);
  const issuer = await createConformanceIssuer(firstPort + Object.keys(subgraphs.urls).length);
  try {
    await mkdir(folder, { recursive: true });
    const supergraphFile = join(folder, 'supergraph.graphql');
    await writeFile(supergraphFile, placeSupergraph(graph, subgraphs.urls));
    await writeFile(join(folder, 'jwks.json'), JSON.stringify(issuer.jwks));
    for (const [name, sdl] of Object.entries(graphs[graph]))
      await writeFile(join(folder, `${name}.graphql`), sdl);
    print(`Start the gateway with:
  supergraph  ${supergraphFile} (SDL of each subgraph beside it)
  subgraphs   ${Object.entries(subgraphs.urls)
    .map(([name, at]) => `${name} ${at}`)
    .join('\n              ')}
  keys        ${issuer.jwksUrl} (also ${join(folder, 'jwks.json')})
  issuer      ${issuer.issuer}
  audience    ${issuer.audience}
  algorithm   ${issuer.algorithm}
  scopes      the claim scope, separated by spaces
  policies    the claim policies, a list: a policy holds where it is in the list
  no token    is let through as nobody; the rules refuse
Waiting for ${url}, ${waitSeconds} s.`);
    const until = Date.now() + waitSeconds * 1_000;
    while (!(await answers(url))) {
      if (Date.now() > until) throw new Error(`Nothing answers at ${url}.`);
      await sleep(500);
    }
    const other = { reason: `another graph: run the cases again with --graph and the name of theirs` };
    const places = Object.fromEntries(
      graphNames.map((name) => [name, name === graph ? { url, subgraphs } : other]),
    ) as Places;
    const results = await runCases({ places, issuer, only });
    return results.filter((result) => !('because' in result && result.because === other.reason));
  } finally {
    await Promise.all([subgraphs.close(), issuer.close()]);
  }
}
