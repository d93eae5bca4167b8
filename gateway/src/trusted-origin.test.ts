import { expect, test } from 'vitest';
import { isTrustedOrigin } from './trusted-origin.ts';

const listed = new Set(['https://shop.example', 'http://localhost:3000']);

test.each([
  ['https://shop.example', 'api.example'],
  ['http://localhost:3000', 'localhost:4001'],
  ['https://api.example', 'api.example'],
  ['https://api.example', 'API.example'],
  ['https://api.example:8443', 'api.example:8443'],
  ['http://localhost:4001', 'localhost:4001'],
  ['http://127.0.0.1:4001', '127.0.0.1:4001'],
  ['http://[::1]:4001', '[::1]:4001'],
])('trusts a page of %s at %s', (origin, host) => {
  expect(isTrustedOrigin(origin, host, listed)).toBe(true);
});

test.each([
  [undefined, 'api.example'],
  ['null', 'api.example'],
  ['', ''],
  ['https://evil.example', 'api.example'],
  ['https://shop.example.evil.example', 'api.example'],
  ['https://shop.example/', 'api.example'],
  ['http://shop.example', 'api.example'],
  ['https://api.example:8443', 'api.example'],
  // Same site in a browser's eyes, and so sent with every SameSite cookie.
  ['http://localhost:9999', 'localhost:4001'],
  ['https://blog.api.example', 'api.example'],
  // A plain page of our own name: whoever is on the network can be it.
  ['http://api.example', 'api.example'],
  ['http://localhost.evil.example', 'localhost.evil.example'],
  ['https://api.example', undefined],
])('does not trust a page of %s at %s', (origin, host) => {
  expect(isTrustedOrigin(origin, host, listed)).toBe(false);
});
