import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDeviceTokens } from './device-token.ts';

const secret = randomBytes(32);
const day = 24 * 3600;
const tokens = createDeviceTokens(secret, 100 * day);
const now = new Date('2026-11-28T12:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const newOwner = () => ({ id: randomUUID(), deviceVersion: 1 });

describe('a device token', () => {
  it('is known for its own account, and keeps its device at the next sign-in', () => {
    const owner = newOwner();
    const first = tokens.addToken(undefined, owner, now);
    const device = tokens.findDevice(first, owner, later(day));
    expect(device).toMatch(/^[\w-]{22}$/);
    const second = tokens.addToken(first, owner, later(day));
    expect(second).not.toBe(first);
    expect(tokens.findDevice(second, owner, later(100.5 * day))).toBe(device);
    expect(tokens.findDevice(first, owner, later(100.5 * day))).toBeUndefined();
  });

  it('is worth nothing for another account, or under another key', () => {
    const owner = newOwner();
    const text = tokens.addToken(undefined, owner, now);
    expect(tokens.findDevice(text, newOwner(), now)).toBeUndefined();
    const other = createDeviceTokens(randomBytes(32), 100 * day);
    expect(other.findDevice(text, owner, now)).toBeUndefined();
  });

  it('is worth nothing after the version of the account has changed, nor when it comes from the future', () => {
    const owner = newOwner();
    const text = tokens.addToken(undefined, owner, now);
    expect(tokens.findDevice(text, { ...owner, deviceVersion: 2 }, now)).toBeUndefined();
    expect(tokens.findDevice(text, owner, later(-3600))).toBeUndefined();
  });

  it('is worth nothing with any part of it changed', () => {
    const owner = newOwner();
    const text = tokens.addToken(undefined, owner, now);
    const parts = text.split('.');
    for (const [index, part] of parts.entries()) {
      const changed = parts.with(index, `${part[0] === 'a' ? 'b' : 'a'}${part.slice(1)}`).join('.');
      expect(tokens.findDevice(changed, { ...owner, deviceVersion: 10 }, now)).toBeUndefined();
      expect(tokens.findDevice(changed, owner, now)).toBeUndefined();
    }
  });

  it('stands beside those of other accounts, five in all, the oldest forgotten', () => {
    const owners = Array.from({ length: 6 }, newOwner);
    let text: string | undefined;
    for (const owner of owners) text = tokens.addToken(text, owner, now);
    const known = owners.map((owner) => tokens.findDevice(text ?? '', owner, now) !== undefined);
    expect(known).toEqual([false, true, true, true, true, true]);
  });

  it('is nothing in a text of another form, however long', () => {
    const owner = newOwner();
    for (const text of [
      '',
      'x',
      '~'.repeat(600),
      'a'.repeat(1_000_000),
      `${'a'.repeat(22)}.1.1.${'a'.repeat(42)}`,
    ]) {
      expect(tokens.hasForm(text)).toBe(false);
      expect(tokens.findDevice(text, owner, now)).toBeUndefined();
      expect(tokens.findDevice(tokens.addToken(text, owner, now), owner, now)).toBeDefined();
    }
  });
});
