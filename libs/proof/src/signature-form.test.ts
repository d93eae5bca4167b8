import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMac } from './mac.ts';
import { buildSignatureBase, type Component, formatComponents } from './signature-form.ts';

test('makes the signature of RFC 9421, appendix B.2.5', () => {
  const components: Component[] = [
    ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['@authority', 'example.com'],
    ['content-type', 'application/json'],
  ];
  const params = `${formatComponents(components)};created=1618884473;keyid="test-shared-secret"`;
  const base = buildSignatureBase(components, params);
  expect(base).toBe(
    [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@authority": example.com',
      '"content-type": application/json',
      '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    ].join('\n'),
  );
  // test-shared-secret, appendix B.1.5
  const key = Buffer.from(
    'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
    'base64',
  );
  expect(createMac(key)(base)).toBe('pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=');
});

test('leaves whitespace around a value out, as it is on the wire', () => {
  expect(buildSignatureBase([['cookie', ' \ta=b\t ']], '()')).toBe('"cookie": a=b\n"@signature-params": ()');
});

test.each(['a\nb', 'a\rb', 'a\0b', 'a\u007fb', 'a\u0100b'])(
  'refuses %j, which no header may hold',
  (value) => {
    expect(() => buildSignatureBase([['cookie', value]], '()')).toThrow(TypeError);
  },
);

test('signs bytes above ASCII as they are on the wire', () => {
  const key = Buffer.alloc(32, 7);
  const bytes = Buffer.concat([Buffer.from('"cookie": name='), Buffer.from([0xe9])]);
  const expected = createHmac('sha256', key)
    .update(bytes)
    .update('\n"@signature-params": ()')
    .digest('base64');
  expect(createMac(key)(buildSignatureBase([['cookie', 'name=\xe9']], '()'))).toBe(expected);
});
