import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRefreshToken, openSuccessor, sealSuccessor } from './refresh-token.ts';

const [predecessor, successor] = [createRefreshToken(), createRefreshToken()];

it('gives the successor to the holder of the predecessor', () => {
  expect(openSuccessor(sealSuccessor(successor, predecessor), predecessor)).toBe(successor);
});

it('does not open with another token, nor when a bit was changed', () => {
  const sealed = sealSuccessor(successor, predecessor);
  expect(() => openSuccessor(sealed, createRefreshToken())).toThrow();
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] as number) ^ 1;
    expect(() => openSuccessor(changed, predecessor)).toThrow();
  }
  expect(() => openSuccessor(sealed.subarray(0, 20), predecessor)).toThrow();
});

it('never seals alike, and not under what the database stores', () => {
  const sealed = sealSuccessor(successor, predecessor);
  expect(sealSuccessor(successor, predecessor)).not.toEqual(sealed);
  const stored = createHash('sha256').update(predecessor).digest('base64url');
  expect(() => openSuccessor(sealed, stored)).toThrow();
});
