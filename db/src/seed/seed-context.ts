import { randomBytes } from 'node:crypto';
import type { Insertable, Transaction } from 'kysely';
import type { Database, PortalUserTable, UserTable } from '../tables.ts';

export type SeededCustomer = Insertable<UserTable> & { id: string; email: string; created_at: Date };
export type SeededStaff = Insertable<PortalUserTable> & { id: string; email: string; created_at: Date };

/**
 * What a seed is given for each tenant. `subgraphs/<name>/seed/seed.ts` exports `seed(context)`; seeds run in the order of the
 * registry and read what earlier ones made from their tables.
 */
export type SeedContext = {
  /** As the owner of all tables, with the rows of this tenant only. One transaction for everything. */
  trx: Transaction<Database>;
  tenant: { id: string; slug: string };
  customers: readonly SeededCustomer[];
  staff: readonly SeededStaff[];
  /** From its beginning in each seed, so that no seed changes what another makes. */
  random: Random;
  now: Date;
};

/** The same numbers for the same seed, so that two developers look at the same data. Never for secrets. */
export type Random = {
  /** 0 up to, but not including, 1. */
  next(): number;
  /** Both ends included. */
  integer(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
};

/** mulberry32 over the FNV-1a hash of the seed. */
export function createRandom(seed: string): Random {
  let state = fnv1a(seed);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    integer: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick<T>(items: readonly T[]) {
      if (items.length === 0) throw new RangeError('Nothing to pick from.');
      return items[Math.floor(next() * items.length)] as T;
    },
    chance: (probability) => next() < probability,
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * dayMs);
}

/** A version 7 UUID of that instant (RFC 9562, section 5.7): ids sort by age, as the ones that the database makes. */
export function createIdAt(time: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(time.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A statement takes 65,535 values at most. */
const rowsPerStatement = 1000;

export async function insertRows<T extends keyof Database>(
  trx: Transaction<Database>,
  table: T,
  rows: readonly Insertable<Database[T]>[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await trx
      .insertInto(table)
      .values(rows.slice(start, start + rowsPerStatement))
      .execute();
  }
}
