import { networkOf } from '../client-network.ts';

/** Places for requests that are under way at one entrance. */
export type Slots = {
  /** Takes a place for a client of this address; undefined when it may have none now. Give each back once. */
  take(address: string | undefined): Slot | undefined;
  /** Whether `take` would give one. */
  hasFor(address: string | undefined): boolean;
};

export type Slot = { giveBack(): void };

/**
 * `max` places. No address holds more than are still free, so that one client alone gets half of them, two a third each, and
 * there is always one for somebody new (the dynamic threshold of shared packet buffers; Choudhury and Hahne, 1998).
 */
export function createSlots(max: number): Slots {
  const held = new Map<string | undefined, number>();
  let taken = 0;
  const isFreeFor = (client: string | undefined) => (held.get(client) ?? 0) < max - taken;
  return {
    hasFor: (address) => isFreeFor(networkOf(address)),
    take(address) {
      const client = networkOf(address);
      if (!isFreeFor(client)) {
        return undefined;
      }
      taken += 1;
      held.set(client, (held.get(client) ?? 0) + 1);
      return {
        giveBack() {
          taken -= 1;
          const left = (held.get(client) ?? 1) - 1;
          if (left > 0) held.set(client, left);
          else held.delete(client);
        },
      };
    },
  };
}
