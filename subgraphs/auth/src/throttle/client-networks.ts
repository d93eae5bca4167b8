import { readClientPrefix } from '@signet/flow';

/** A prefix of a client's address, and how much of what one address may do all of the prefix may do together. */
export type ClientNetwork = { prefix: string; share: number };

/**
 * The prefixes under which a client is counted: an IPv4 address, or /64, /56 and /48 of an IPv6 address, narrowest first. The owner of a
 * wide prefix has thousands of narrow ones, so it may do more than one address, and far less than all of them.
 */
export function listClientNetworks(address: string | null): readonly ClientNetwork[] {
  const { address: one, site, network } = readClientPrefix(address);
  return [
    { prefix: one, share: 1 },
    { prefix: site, share: 4 },
    { prefix: network, share: 16 },
  ].filter(({ prefix, share }) => share === 1 || prefix !== one);
}

/**
 * Those, and the allocation around them, for the order in which strangers wait. Whoever owns an allocation has thousands of networks that
 * have used nothing; without it, each of them would come before somebody who comes back. It refuses nobody, since many people share one.
 */
export function listQueueNetworks(address: string | null): readonly ClientNetwork[] {
  return [...listClientNetworks(address), { prefix: readClientPrefix(address).allocation, share: 64 }];
}
