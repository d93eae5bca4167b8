import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMac } from './mac.ts';

const byNode = (key: Uint8Array, message: string) =>
  createHmac('sha256', key).update(message, 'latin1').digest('base64');
/** Any byte of Latin-1. */
const randomText = (length: number) => randomBytes(length).toString('latin1');

test('gives the MACs of RFC 4231, section 4.2 and 4.3', () => {
  const inHex = (key: Buffer, message: string) =>
    Buffer.from(createMac(key)(message), 'base64').toString('hex');
  expect(inHex(Buffer.alloc(20, 0x0b), 'Hi There')).toBe(
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  );
  expect(inHex(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('gives what createHmac gives, for each length of a key and for messages around the sizes of blocks and buffers', () => {
  const lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1300, 4095, 4096, 4097, 20_000];
  for (let keyLength = 1; keyLength <= 64; keyLength += 1) {
    const key = randomBytes(keyLength);
    const mac = createMac(key);
    for (const message of lengths.map(randomText)) expect(mac(message)).toBe(byNode(key, message));
    // A longer message leaves nothing behind for a shorter one.
    for (const message of lengths.toReversed().map(randomText))
      expect(mac(message)).toBe(byNode(key, message));
  }
});

test('keeps no hold of the bytes that it was given as a key', () => {
  const key = randomBytes(32);
  const expected = byNode(key, 'a message');
  const mac = createMac(key);
  key.fill(0);
  expect(mac('a message')).toBe(expected);
});

test('refuses a key that would have to be hashed first', () => {
  expect(() => createMac(randomBytes(65))).toThrow(RangeError);
});
