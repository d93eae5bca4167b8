import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type KeyLabel, openPrivateKey, sealPrivateKey } from './sealed-key.ts';

const keyEncryptionKey = randomBytes(32);
const label: KeyLabel = { platform: 'user', kid: 'kid', algorithm: 'EdDSA' };
const content = Buffer.from('a private key');

describe('a sealed private key', () => {
  it('opens with the key and label it was sealed with, and shows nothing of its content', () => {
    const sealed = sealPrivateKey(content, label, keyEncryptionKey);
    expect(openPrivateKey(sealed, label, [keyEncryptionKey])).toEqual({ content, keyIndex: 0 });
    expect(sealed.includes(content)).toBe(false);
  });

  it('is sealed differently each time', () => {
    expect(sealPrivateKey(content, label, keyEncryptionKey)).not.toEqual(
      sealPrivateKey(content, label, keyEncryptionKey),
    );
  });

  it.each([
    ['platform', { platform: 'portal' }],
    ['kid', { kid: 'other' }],
    ['algorithm', { algorithm: 'ES256' }],
  ] as const)('does not open under another %s', (_name, change) => {
    const sealed = sealPrivateKey(content, label, keyEncryptionKey);
    expect(openPrivateKey(sealed, { ...label, ...change }, [keyEncryptionKey])).toBeUndefined();
  });

  it('does not open with another key-encryption key', () => {
    const sealed = sealPrivateKey(content, label, keyEncryptionKey);
    expect(openPrivateKey(sealed, label, [randomBytes(32)])).toBeUndefined();
  });

  it('opens with any key-encryption key of a list, and says which it was', () => {
    const sealed = sealPrivateKey(content, label, keyEncryptionKey);
    const opened = openPrivateKey(sealed, label, [randomBytes(32), keyEncryptionKey]);
    expect(opened).toEqual({ content, keyIndex: 1 });
  });

  it('does not open when any byte was changed, or bytes are missing', () => {
    const sealed = sealPrivateKey(content, label, keyEncryptionKey);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8((sealed[index] ?? 0) ^ 1, index);
      expect(openPrivateKey(changed, label, [keyEncryptionKey])).toBeUndefined();
    }
    expect(openPrivateKey(sealed.subarray(0, 20), label, [keyEncryptionKey])).toBeUndefined();
  });
});
