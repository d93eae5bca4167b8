import { randomBytes } from 'node:crypto';

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
