import type { Platform } from '@signet/schema/contract';
import { productSubgraphs } from '@signet/schema/subgraphs';
import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';
import { isHttpUrl, subgraphUrlsOf } from '../config-graph.ts';
import { SupergraphError } from './supergraph-source.ts';

/** Where a subgraph answers: auth in a process for each platform, or at one URL twice, as any other. */
export type SubgraphUrls = Readonly<Record<Platform, string>>;

/** The settings that say where subgraphs answer. */
export type UrlConfig = Pick<
  GatewayConfig,
  'SUBGRAPH_URLS' | 'SUPERGRAPH_FILE' | 'AUTH_USER_URL' | 'AUTH_PORTAL_URL'
>;

/**
 * Finds the subgraphs of a supergraph and where each answers: by SUBGRAPH_URLS, else by its own variable, else, with
 * SUPERGRAPH_FILE, by the supergraph. The URLs of the platform's own supergraph lead nowhere.
 *
 * @throws {SupergraphError} that names a subgraph without a URL, or says that this is no supergraph
 */
export function findSubgraphUrls(
  supergraph: DocumentNode,
  config: UrlConfig,
): ReadonlyMap<string, SubgraphUrls> {
  const listed = subgraphUrlsOf(config);
  const urls = new Map<string, SubgraphUrls>();
  for (const [name, written] of readSubgraphs(supergraph)) {
    const own = listed.get(name) ?? ownUrlsOf(name, config) ?? (config.SUPERGRAPH_FILE && written);
    if (!own) {
      throw new SupergraphError(
        `nothing says where the subgraph '${name}' answers: set SUBGRAPH_URLS=${name}=http://…`,
      );
    }
    urls.set(name, typeof own === 'string' ? { user: own, portal: own } : own);
  }
  return urls;
}

/** The names in SUBGRAPH_URLS that are no subgraph of the supergraph: misspelled, or gone. */
export function findUnusedUrls(urls: ReadonlyMap<string, unknown>, config: UrlConfig): string[] {
  return [...subgraphUrlsOf(config).keys()].filter((name) => !urls.has(name));
}

/** Whether this subgraph is the platform's issuer, which alone gets session cookies and reports. */
export function isAuth(name: string, config: UrlConfig): boolean {
  return name === 'auth' && config.AUTH_USER_URL !== undefined;
}

function ownUrlsOf(name: string, config: UrlConfig): SubgraphUrls | string | undefined {
  const { AUTH_USER_URL: user, AUTH_PORTAL_URL: portal = user } = config;
  if (name === 'auth') return user !== undefined && portal !== undefined ? { user, portal } : undefined;
  return productSubgraphs.some((known) => known.name === name)
    ? subgraphUrlOf(config as GatewayConfig, name)
    : undefined;
}

/** Name and URL of each subgraph, as the values of `join__Graph` have them (join specification 0.1 and later). */
function readSubgraphs(supergraph: DocumentNode): [name: string, url: string | undefined][] {
  const graphs = supergraph.definitions.find(
    (node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION || !graphs.values?.length) {
    throw new SupergraphError('this is no supergraph: it has no enum join__Graph');
  }
  return graphs.values.map(({ name, directives = [] }) => {
    const graph = directives.find((directive) => directive.name.value === 'join__graph');
    const url = textOf(graph, 'url');
    return [textOf(graph, 'name') ?? name.value, url !== undefined && isHttpUrl(url) ? url : undefined];
  });
}

function textOf(directive: ConstDirectiveNode | undefined, argument: string): string | undefined {
  const value = directive?.arguments?.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}
