import { createHmac, hkdfSync } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';

/** Names of counters. Whoever reads the table learns neither an e-mail nor an address, not even by trying all of them. */
export type ThrottleKeys = (...parts: readonly string[]) => string;

/** `secret`: the password pepper, which lies outside the database. */
export function createThrottleKeys(secret: Uint8Array, platform: Platform): ThrottleKeys {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `signet throttle ${platform}`, 32));
  // Every part with its length: no two lists of parts are the same text.
  return (...parts) =>
    createHmac('sha256', key)
      .update(parts.map((part) => `${part.length}:${part}`).join(''))
      .digest('base64url');
}
