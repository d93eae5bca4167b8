import { createHash } from 'node:crypto';

/** A Bloom filter: knows every text that was added, and takes one in some 500,000 others for one of them. */
export type CommonFilter = { add(text: string): void; has(text: string): boolean; bits: Uint8Array };

/** Keeps short words apart from whole passwords. */
export const wordMark = 'word:';

export const filterBytes = 2 ** 18;
const bitMask = filterBytes * 8 - 1;

export function createCommonFilter(bits = new Uint8Array(filterBytes)): CommonFilter {
  return {
    bits,
    add(text) {
      for (const bit of bitsOf(text)) bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
    },
    has: (text) => bitsOf(text).every((bit) => ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0),
  };
}

/** Eight places, four bytes of the digest each. */
function bitsOf(text: string): number[] {
  const digest = createHash('sha256').update(text).digest();
  return [0, 4, 8, 12, 16, 20, 24, 28].map((offset) => digest.readUInt32BE(offset) & bitMask);
}
