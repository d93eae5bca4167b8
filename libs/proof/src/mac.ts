import { hash } from 'node:crypto';

/** The MAC of a message under one key, in base64. */
export type ComputeMac = (message: string) => string;

/** The block of SHA-256, and what it gives. */
const blockBytes = 64;
const digestBytes = 32;
/** A message with a token of the usual size. Memory for a longer one is taken anew each time. */
const usualBytes = 4096;

/**
 * hmac-sha256 (RFC 9421, section 3.3.3) by the two hashes that RFC 2104, section 2, defines. Node's `createHmac` makes an object for each message,
 * which costs more than hashing it does. The message is Latin-1, as Node reads and writes headers: the bytes are those on the wire.
 *
 * @param key at most a block long; ours have 32 bytes
 */
export function createMac(key: Uint8Array): ComputeMac {
  if (key.length > blockBytes) throw new RangeError('The MAC key is longer than a block.');
  const inner = Buffer.alloc(blockBytes + usualBytes);
  const outer = Buffer.alloc(blockBytes + digestBytes);
  for (let at = 0; at < blockBytes; at += 1) {
    inner[at] = (key[at] ?? 0) ^ 0x36;
    outer[at] = (key[at] ?? 0) ^ 0x5c;
  }
  const innerPad = inner.subarray(0, blockBytes);
  const padded = (message: string) =>
    message.length > usualBytes
      ? Buffer.concat([innerPad, Buffer.from(message, 'latin1')])
      : inner.subarray(0, blockBytes + inner.write(message, blockBytes, 'latin1'));
  return (message) => {
    outer.write(hash('sha256', padded(message), 'binary'), blockBytes, 'latin1');
    return hash('sha256', outer, 'base64');
  };
}
