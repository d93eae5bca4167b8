import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filterBytes } from './common-filter.ts';
import { findPasswordFault } from './find-password-fault.ts';

const owner = { email: 'grace.hopper@example.com', tenant: 'north-wind' };
const common = /too common/;
const own = /your e-mail address or the name of this place/;

describe('findPasswordFault', () => {
  it.each([
    'six green apples on a roof',
    'a password of some length',
    'vT7#qLz9!mWp2',
    'grace likes very long walks',
    'the wind comes from the north today',
    'пароль которого никто не знает',
    'k3yb0ard w1th a cup of t3a',
  ])('finds none with %j', (password) => {
    expect(findPasswordFault(password, owner)).toBeUndefined();
  });

  it.each([
    '123456789012',
    'q1w2e3r4t5y6',
    '1qaz2wsx3edc4rfv',
    'unbelievable',
    'Administrator',
    'MotherFucker',
    'ghbdtnghbdtn',
    'vjkmvjkmvjkm',
    'ａｄｍｉｎｉｓｔｒａｔｏｒ',
    'correct horse battery staple',
    'Correct-Horse-Battery-Staple',
    'Password1234',
    'Password2026!!!',
    '!!!Password!!!',
    '2026-baseball-2026',
    'p@ssw0rd1234',
    'P4$$w0rd2026',
    'PasswordPassword',
    'passwordpassword1',
    'abababababababab',
    'aaaaaaaaaaaaaaaa',
    '------------',
  ])('refuses the common %j', (password) => {
    expect(findPasswordFault(password, owner)).toMatch(common);
  });

  it.each([
    'grace.hopper@example.com',
    'GraceHopper123',
    'HopperGraceHopper',
    'hopper-north-wind',
    'NorthWind2026!',
    'grace-password-1',
    'example123456',
  ])('refuses %j, which is made of the account and the tenant', (password) => {
    expect(findPasswordFault(password, owner)).toMatch(own);
  });

  it.each([
    ['too short a', /12 to 128/],
    ['x'.repeat(129), /12 to 128/],
    ['with a NUL \0 in it', /control characters/],
    ['with a lone \ud800 surrogate', /control characters/],
    ['with a Latin-1 \ufffd umlaut', /control characters/],
  ])('refuses %j', (password, fault) => {
    expect(findPasswordFault(password, owner)).toMatch(fault);
  });

  it('takes next to no unknown password for a common one', () => {
    const bits = readFileSync(new URL('./common-passwords.bloom', import.meta.url));
    expect(bits).toHaveLength(filterBytes);
    const set = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    // Eight places must all be set by chance: under one in 100,000 …
    expect((set / (8 * filterBytes)) ** 8).toBeLessThan(1e-5);
    // … and it is filled: 50,000 entries set some 370,000 bits.
    expect(set).toBeGreaterThan(350_000);
  });

  it('is quick on the longest text', () => {
    const start = process.threadCpuUsage();
    for (let count = 0; count < 100; count++) findPasswordFault('1a'.repeat(63), owner);
    expect(process.threadCpuUsage(start).user / 1000).toBeLessThan(500);
  });
});
