import { BlockList, isIP } from 'node:net';
import type { Agent } from 'undici';
import { createWatchedAgent } from './fetch-json.ts';
import { reachOf } from './issuers/address-reach.ts';

export type GuardedFetchOptions = {
  /** Networks in CIDR notation that are not public and are reached all the same (`isNetwork`). */
  networks: readonly string[];
  /** For the whole answer. */
  timeoutMs: number;
  maxBytes: number;
};

type Init = {
  method?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
};

/** A `fetch` for addresses that somebody else chose. */
export type GuardedFetch = {
  /**
   * Sends a request to public addresses and to the listed networks. A name is looked up once, and its addresses are judged before anything is sent, so
   * that no answer of a name server leads into the network of this process. Follows no redirect: a status of 300 to 399 is the answer.
   *
   * @throws {Error} for another address; without a whole answer in time; for one that is too large
   */
  fetch(url: string, init?: Init): Promise<Response>;
  /** Ends all connections. */
  close(): Promise<void>;
};

export function createGuardedFetch({ networks, timeoutMs, maxBytes }: GuardedFetchOptions): GuardedFetch {
  const listed = createNetworkList(networks);
  let agent: Promise<Agent> | undefined;
  const onAddress = (address: string) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (reachOf(address) === 'public' || (isIP(address) !== 0 && listed.check(address, family))) return;
    throw new Error(`has the address ${address}, which is not public and in none of the listed networks`);
  };
  return {
    async fetch(url, { method = 'GET', headers = {}, body, signal } = {}) {
      agent ??= createWatchedAgent({ onAddress });
      const { request } = await import('./light-undici.ts');
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(url, {
          method: method as 'GET',
          headers,
          body: body === undefined || body === null ? null : String(body),
          dispatcher: await agent,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        });
        const bytes = await readLimited(answer.body, maxBytes);
        return new Response(isBodiless(answer.statusCode) ? null : bytes, {
          status: answer.statusCode,
          headers: Object.entries(answer.headers).flatMap(([name, value]) =>
            [value ?? []].flat().map((one): [string, string] => [name, one]),
          ),
        });
      } catch (error) {
        const fault = timeout.aborted
          ? `no whole answer within ${timeoutMs / 1000} s`
          : (error as Error).message;
        const { origin, pathname } = new URL(url);
        throw new Error(`${origin}${pathname}: ${fault}`, { cause: error });
      }
    },
    async close() {
      await (await agent)?.destroy();
      agent = undefined;
    },
  };
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

async function readLimited(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`answered more than ${maxBytes / 1024} KB`);
    chunks.push(chunk);
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

/** Whether a text is a network in CIDR notation: `10.0.0.0/8`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(length) || address.includes('%')) return false;
  return Number(length) <= (version === 4 ? 32 : 128);
}

function createNetworkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = network.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
