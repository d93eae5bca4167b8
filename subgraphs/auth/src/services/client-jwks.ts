import { BlockList, isIP } from 'node:net';
import { findSpan } from '@signet/db';
import { createJwksClient, type KeySource } from '@signet/session';
import { fetchJson, reachOf } from '@signet/session/fetching';
import { LRUCache } from 'lru-cache';

/** Key sets of clients, by their URLs. They are cached as those of issuers are, and a `kid` that is not in one is looked up rarely. */
export type ClientJwks = { sourceOf(url: string): KeySource };

export type ClientJwksOptions = {
  /** CIDRs of networks that are not public, and may be reached. */
  networks: readonly string[];
  /** Called for each failed attempt. */
  onFailure(error: unknown, url: string): void;
  fetchJwks?: ((url: string) => Promise<unknown>) | undefined;
};

const maxSources = 1000;
/** A client that withdraws a key must not wait for hours until nobody takes it any more. */
const maxStaleSeconds = 15 * 60;

/**
 * Whoever registers a URL must not send this process into a network that is not public: each address that the name has is checked before
 * anything is sent there, and the connection goes to the address that was checked.
 */
export function createClientJwks({ networks, onFailure, ...options }: ClientJwksOptions): ClientJwks {
  const listed = createNetworkList(networks);
  const fetchJwks =
    options.fetchJwks ??
    ((url: string) =>
      fetchJson(url, {
        span: findSpan(),
        onAddress(address) {
          if (reachOf(address) === 'public' || listed(address)) return;
          throw new Error(
            `has the address ${address}, which is not public: list it in SERVICE_JWKS_NETWORKS`,
          );
        },
      }));
  const sources = new LRUCache<string, KeySource>({ max: maxSources });
  return {
    sourceOf(url) {
      let source = sources.get(url);
      if (!source) {
        source = createJwksClient({
          url,
          fetchJwks,
          maxStaleSeconds,
          maxPauseSeconds: 60,
          onFailure: (error) => onFailure(error, url),
        });
        sources.set(url, source);
      }
      return source;
    },
  };
}

/**
 * Whether an address is in one of the networks. IPv4 inside IPv6 counts as IPv4.
 *
 * @param networks CIDRs, as PostgreSQL writes them.
 */
export function createNetworkList(networks: readonly string[]): (address: string | undefined) => boolean {
  // A list for each version: Node finds IPv4 in networks of IPv6 too.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    lists[family].addSubnet(address, Number(prefix), family);
  }
  return (address = '') => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const version = isIP(plain);
    const family = version === 4 ? 'ipv4' : 'ipv6';
    return version !== 0 && lists[family].check(plain, family);
  };
}

/** Whether a text is a network in the one way in which it is written here: an address, a slash, and how many of its bits count. */
export function isNetwork(text: string): boolean {
  const [, address = '', prefix = ''] = /^([0-9a-f.:]{2,45})\/(\d{1,3})$/i.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(prefix) <= (version === 4 ? 32 : 128) && !/^::ffff:/i.test(address);
}
