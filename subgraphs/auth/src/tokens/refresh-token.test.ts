import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRefreshToken, identifyToken, openSuccessor, sealSuccessor } from './refresh-token.ts';

const [predecessor, successor] = [createRefreshToken(), createRefreshToken()];

it('has 128 random bits of its own beside those of its family, and is known by either', () => {
  const [first, second] = [createRefreshToken(predecessor), createRefreshToken(predecessor)];
  const halves = (token: string) => {
    const bytes = Buffer.from(token, 'base64url');
    return [bytes.subarray(0, 16).toString('hex'), bytes.subarray(16).toString('hex')];
  };
  const all = [predecessor, first, second].map(halves);
  expect(new Set(all.map(([family]) => family)).size).toBe(1);
  expect(new Set(all.map(([, own]) => own)).size).toBe(3);
  expect(halves(successor)[0]).not.toBe(halves(predecessor)[0]);
  expect(identifyToken(first)?.familyHash).toEqual(identifyToken(predecessor)?.familyHash);
  expect(identifyToken(first)?.hash).not.toEqual(identifyToken(second)?.hash);
  expect(identifyToken(`${first}x`)).toBeUndefined();
});

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
