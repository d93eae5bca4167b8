import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createContentSeal } from './sealed-content.ts';

const [first, second] = [randomBytes(32), randomBytes(32)];
const content = {
  to: 'ada@example.com',
  language: 'en',
  values: { link: 'https://shop.example/#token=abc' },
};

it('opens what it sealed, and no two are alike', () => {
  const seal = createContentSeal([first], 'user');
  const sealed = seal.seal(content, 'a');
  expect(seal.open(sealed, 'a')).toEqual(content);
  expect(seal.seal(content, 'a').equals(sealed)).toBe(false);
  expect(sealed.toString('latin1')).not.toMatch(/ada|token|abc/);
});

it('opens nothing of another mail, platform or secret, and nothing that was changed', () => {
  const sealed = createContentSeal([first], 'user').seal(content, 'a');
  const open = (secrets: Buffer[], platform: 'user' | 'portal', id: string, bytes = sealed) =>
    createContentSeal(secrets, platform).open(bytes, id);
  expect(() => open([first], 'user', 'b')).toThrow('No secret');
  expect(() => open([first], 'portal', 'a')).toThrow('No secret');
  expect(() => open([second], 'user', 'a')).toThrow('No secret');
  for (const at of [1, 13, 29, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => open([first], 'user', 'a', changed)).toThrow('No secret');
  }
  for (const bytes of [Buffer.alloc(0), sealed.subarray(0, 20), Buffer.concat([Buffer.of(2), sealed])]) {
    expect(() => open([first], 'user', 'a', bytes)).toThrow('unknown form');
  }
});

it('opens what an earlier secret sealed', () => {
  const sealed = createContentSeal([first], 'user').seal(content, 'a');
  expect(createContentSeal([second, first], 'user').open(sealed, 'a')).toEqual(content);
});

it('tells recipients apart by 16 bytes, for this platform and secret alone', () => {
  const hash = createContentSeal([first], 'user').hashRecipient('ada@example.com');
  expect(hash).toHaveLength(16);
  expect(createContentSeal([first], 'user').hashRecipient('ada@example.com').equals(hash)).toBe(true);
  expect(createContentSeal([first], 'user').hashRecipient('bob@example.com').equals(hash)).toBe(false);
  expect(createContentSeal([first], 'portal').hashRecipient('ada@example.com').equals(hash)).toBe(false);
  expect(createContentSeal([second], 'user').hashRecipient('ada@example.com').equals(hash)).toBe(false);
});
