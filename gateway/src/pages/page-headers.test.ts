import { expect, it } from 'vitest';
import { acceptsHtml } from './page-headers.ts';

it.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['application/json, Text/HTML;q=0.5', true],
  ['text/html;q=0', false],
  ['*/*', false],
  ['application/json', false],
  [undefined, false],
])('%s: %s', (accept, expected) => {
  expect(acceptsHtml(accept)).toBe(expected);
});
