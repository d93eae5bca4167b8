import { readClientPrefix } from '@signet/flow';

/** A group that a client belongs to, and how much the group may hold for each unit that is still free. */
export type Member = { key: string; part: number };

/** A limited amount of something that clients share: places, bytes, connections. */
export type Shares = {
  /** Takes `amount` for a client. Undefined where one of its groups may have no more now. */
  take(members: readonly Member[], amount?: number): Held | undefined;
  /** The key of a group that has no room for `amount`; '' where nothing is free for anybody. Undefined where `take` would give it. */
  findFull(members: readonly Member[], amount?: number): string | undefined;
  /** Whether `take` could give `amount` after the groups of the client have given back what they hold. */
  couldTake(members: readonly Member[], amount: number): boolean;
};

/** Something that was taken. Giving it back twice is the same as once. */
export type Held = { giveBack(): void };

/**
 * Shares `max` between clients. No group holds more than its part of what is still free. So a single client alone gets half
 * (with the part 1), two get a third each, and there is always something for a newcomer (the dynamic threshold of shared packet
 * buffers; Choudhury and Hahne, 1998). A client without groups is limited by `max` alone.
 */
export function createShares(max: number): Shares {
  const heldBy = new Map<string, number>();
  let taken = 0;
  const findFull: Shares['findFull'] = (members, amount = 1) => {
    // As if the amount were taken one by one: this is what holds before the last one.
    const free = max - taken - (amount - 1);
    if (free < 1) return '';
    return members.find(({ key, part }) => (heldBy.get(key) ?? 0) + amount - 1 >= part * free)?.key;
  };
  const add = (members: readonly Member[], amount: number) => {
    taken += amount;
    for (const { key } of members) {
      const held = (heldBy.get(key) ?? 0) + amount;
      if (held > 0) heldBy.set(key, held);
      else heldBy.delete(key);
    }
  };
  return {
    findFull,
    couldTake: (members, amount) =>
      members.every(({ key, part }) => {
        const free = max - taken + (heldBy.get(key) ?? 0) - (amount - 1);
        return amount - 1 < part * free;
      }),
    take(members, amount = 1) {
      if (findFull(members, amount) !== undefined) {
        return undefined;
      }
      add(members, amount);
      let isHeld = true;
      return {
        giveBack() {
          if (isHeld) add(members, -amount);
          isHeld = false;
        },
      };
    },
  };
}

/** Alone, a /64 gets a fifth of everything, a /56 a third, a /48 half: who holds all of one leaves room for its neighbours. */
const machinePart = 1 / 4;
const sitePart = 1 / 2;

/**
 * The groups of a client's address. Of IPv6 these are its /64, its /56 and its /48: a client may use any address of the prefix
 * that its provider gave it, and nobody can tell which of the three that was. An IPv4 address is one group. Clients without an
 * address are one group together.
 */
export function membersOf(address: string | undefined): readonly Member[] {
  const { address: machine, site, network } = readClientPrefix(address ?? null);
  const whole = { key: network, part: 1 };
  return machine === network
    ? [whole]
    : [{ key: machine, part: machinePart }, { key: site, part: sitePart }, whole];
}
