import { expect, test } from 'vitest';
import { audienceOf, isPlatform, issuerOf, jwksPathOf, metadataPathOf, platforms } from './platforms.ts';

test('the platforms share no issuer, audience or path', () => {
  for (const of of [
    audienceOf,
    jwksPathOf,
    metadataPathOf,
    (p: 'user' | 'portal') => issuerOf('https://x', p),
  ]) {
    expect(new Set(platforms.map(of)).size).toBe(platforms.length);
  }
});

test('slashes at the end of the base make no other issuer', () => {
  for (const base of ['https://id.example', 'https://id.example/', 'https://id.example//']) {
    expect(issuerOf(base, 'user')).toBe('https://id.example/user');
  }
});

test.each(['USER', '', 'none', ['user'], undefined])('%j is no platform', (value) => {
  expect(isPlatform(value)).toBe(false);
});
