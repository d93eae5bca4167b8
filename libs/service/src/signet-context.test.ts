import { serializeDictionary } from 'structured-headers';
import { expect, test } from 'vitest';
import { formatSignetContext, parseSignetContext, withTimeout } from './signet-context.ts';

const requestId = '0198a3b0-0000-7000-8000-000000000000';

test('gives back what was written, with quotes, backslashes and separators', () => {
  const context = {
    requestId,
    entrance: 'graph',
    clientAddress: '2001:db8::1',
    tenant: 'demo',
    device: 'A "quoted" \\ device; q=1, id="other", x=?1',
    origin: 'https://shop.example',
    session: 'cookie',
    hasToken: true,
  };
  expect(parseSignetContext(formatSignetContext(context))).toEqual(context);
});

test('writes what a library for such headers writes', () => {
  const device = 'A "quoted" \\ device';
  const header = formatSignetContext({ requestId, tenant: '', device, hasToken: true });
  const item = (value: string | boolean) => [value, new Map()] as [string | boolean, Map<string, never>];
  const dictionary = new Map([
    ['id', item(requestId)],
    ['tenant', item('')],
    ['device', item(device)],
    ['auth', item(true)],
  ]);
  expect(header).toBe(serializeDictionary(dictionary));
  expect(formatSignetContext({ requestId: 'r', hasToken: false })).toBe('id="r", auth=?0');
});

test('writes a question mark for what is not printable ASCII, line ends first', () => {
  const header = formatSignetContext({ requestId, device: 'Zoë\r\nx-evil: 1\0 €' });
  expect(header).toMatch(/^[\x20-\x7e]+$/);
  expect(parseSignetContext(header)?.device).toBe('Zo???x-evil: 1? ?');
});

test('cuts a device of 10 KB to 400 characters', () => {
  const header = formatSignetContext({ requestId, device: '"'.repeat(10_240) });
  expect(header.length).toBeLessThan(1000);
  expect(parseSignetContext(header)?.device).toBe('"'.repeat(400));
});

test.each([
  undefined,
  '',
  'no dictionary "',
  'tenant="demo"',
  'id=1',
  'id=token',
  'id=("a" "b")',
  'id=""',
  'id="ä"',
  '='.repeat(9000),
])('reads nothing from %s', (header) => {
  expect(parseSignetContext(header)).toBeUndefined();
});

test('passes over unknown keys and values that are no strings', () => {
  expect(parseSignetContext(`id="${requestId}", admin=?1, tenant=7, __proto__-x="y"`)).toBeUndefined();
  expect(parseSignetContext(`id="${requestId}", admin=?1, tenant=7`)).toEqual({ requestId });
});

test('tells whether there was a token, and nothing where the gateway did not say', () => {
  expect(parseSignetContext(formatSignetContext({ requestId, hasToken: false }))?.hasToken).toBe(false);
  expect(parseSignetContext(formatSignetContext({ requestId }))).toEqual({ requestId });
  expect(parseSignetContext(`id="${requestId}", auth=1`)).toEqual({ requestId });
});

test('tells what was left of the time at each fetch, in whole milliseconds', () => {
  const header = formatSignetContext({ requestId, tenant: 'demo' });
  expect(parseSignetContext(withTimeout(header, 1234.9))).toEqual({
    requestId,
    tenant: 'demo',
    timeoutMs: 1234,
  });
  expect(parseSignetContext(withTimeout(header, -1))?.timeoutMs).toBe(0);
  expect(parseSignetContext(`id="${requestId}", timeout="5"`)?.timeoutMs).toBeUndefined();
});
