import type { Platform } from '@signet/schema/contract';
import { productSubgraphs } from '@signet/schema/subgraphs';
import type { ReadinessCheck } from '@signet/service';
import { type GatewayConfig, subgraphUrlOf } from '../config.ts';

/** The subgraphs, and the origins of their URLs, to which no fetch is sent at the moment, since nobody answers there. */
export type OpenCircuits = () => readonly { subgraph: string; origin: string }[];

/** Shorter than a readiness check may take, and longer than the subgraph's own checks. */
const answerMs = 900;

/**
 * Whether the subgraphs of an entrance can serve. Without one, its fields are missing and everything else goes on: so a gateway is degraded
 * then and not out of service. Otherwise a fault of one subgraph, or a flood of sign-ins, would close the whole entrance.
 *
 * The platform's own subgraphs are asked when somebody asks the entrance. Of those of somebody's own graph only the circuits are looked at,
 * since they may have no such path.
 */
export function createSubgraphReadiness(
  config: GatewayConfig,
  admitted: readonly Platform[],
  openCircuits: OpenCircuits,
): readonly ReadinessCheck[] {
  const own = config.SUPERGRAPH_FILE === undefined ? listOwn(config, admitted) : [];
  const asked = new Set(own.map(({ origin }) => origin));
  return [
    ...own.map(({ name, url, origin, without }) => ({
      name,
      check: () => undefined,
      async findLack() {
        if (openCircuits().some((circuit) => circuit.origin === origin)) return `does not answer: ${without}`;
        return (await isReady(url)) ? undefined : `is not ready: ${without}`;
      },
    })),
    {
      name: 'subgraphs',
      check: () => undefined,
      findLack() {
        const others = openCircuits().filter(({ origin }) => !asked.has(origin));
        const names = [...new Set(others.map(({ subgraph }) => subgraph))];
        return names.length > 0
          ? `without an answer, so their fields are missing: ${names.join(', ')}`
          : undefined;
      },
    },
  ];
}

type OwnSubgraph = { name: string; url: string; origin: string; without: string };

function listOwn(config: GatewayConfig, admitted: readonly Platform[]): OwnSubgraph[] {
  const auth = admitted.map((platform) => ({
    name: `auth for ${platform}`,
    url: platform === 'user' ? config.AUTH_USER_URL : config.AUTH_PORTAL_URL,
    without: 'nobody signs in or refreshes',
  }));
  const others = productSubgraphs.map(({ name }) => ({
    name,
    url: subgraphUrlOf(config, name),
    without: 'its fields are missing',
  }));
  return [...auth, ...others].flatMap(({ url, ...subgraph }) =>
    url === undefined ? [] : [{ ...subgraph, url, origin: new URL(url).origin }],
  );
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(new URL('health/ready', url), { signal: AbortSignal.timeout(answerMs) });
    await answer.body?.cancel();
    // A subgraph of another make may not know the path.
    return answer.ok || answer.status === 404;
  } catch {
    return false;
  }
}
