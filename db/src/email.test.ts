import { createTestDatabase } from '@signet/testing/database';
import { describe, expect, it } from 'vitest';
import { listEmailSpellings, normalizeEmail } from './email.ts';

describe('normalizeEmail', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    [' ada@example.com\n', 'ada@example.com'],
    ['ａｄａ@example.com', 'ada@example.com'],
    ['ada+shop@mail.example.com', 'ada+shop@mail.example.com'],
    ['jörg@müller.example', 'jörg@xn--mller-kva.example'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['ada@XN--BCHER-KVA.example', 'ada@xn--bcher-kva.example'],
    ['ada@straße.example', 'ada@xn--strae-oqa.example'],
    ['ada@ελλάς.gr', 'ada@xn--hxarsa0b.gr'],
    ['ada@日本語.example', 'ada@xn--wgv71a119e.example'],
    ['ada@ab--c.example', 'ada@ab--c.example'],
    ['ada@localhost', 'ada@localhost'],
  ])('spells %j as %j', (input, email) => {
    expect(normalizeEmail(input)).toBe(email);
  });

  it.each([
    '',
    'ada',
    '@example.com',
    'ada@',
    'a b@example.com',
    'a@b@c',
    'a\0@b.c',
    'ada@-',
    'ops@build_host.example',
    'ada@xn--zz.example', // An encoded label that says nothing.
    'ada@xn--bcher-2pa.example', // bÜcher, encoded without lower case.
    'ada@ü..example',
    'ada@ü.1',
    'ada@1א.com', // Two directions of writing in one label.
    `ada@ü${'x'.repeat(63)}.example`,
    'a\u034fda@example.com',
    'ada\ufe0f@example.com',
    'ada\u3164@example.com',
    'ada\u202e@example.com',
    '\u2800ada@example.com',
    `${'x'.repeat(65)}@b.c`,
  ])('takes %j for no address', (input) => {
    expect(normalizeEmail(input)).toBeUndefined();
  });

  it('takes what is longer than 254 characters for no address, at once', () => {
    expect(normalizeEmail(`a@${'b'.repeat(253)}`)).toBeUndefined();
    expect(normalizeEmail(`${'\ufdfa'.repeat(100_000)}@b.c`)).toBeUndefined();
  });

  it('spells letters of every script as the database checks it', async () => {
    const database = await createTestDatabase();
    const characters = Array.from({ length: 0x2_00_00 }, (_, point) => point).filter(
      (point) => point < 0xd800 || point > 0xdfff,
    );
    const emails = characters.map((point) => normalizeEmail(`a${String.fromCodePoint(point)}@example.com`));
    const rows = await database.query(
      'select email from unnest($1::text[]) as email where email <> lower(normalize(email, nfkc))',
      [emails.filter((email) => email !== undefined)],
    );
    await database.drop();
    expect(rows).toEqual([]);
  });
});

describe('listEmailSpellings', () => {
  it.each([
    ['Ada@bücher.example', ['ada@bücher.example', 'ada@xn--bcher-kva.example']],
    ['ada@xn--bcher-kva.example', ['ada@xn--bcher-kva.example']],
    ['ada@example.com', ['ada@example.com']],
    ['ada@xn--zz.example', ['ada@xn--zz.example']],
    ['\u2800ada@example.com', ['\u2800ada@example.com']],
    ['ops@build_host.example', []],
    ['ada', []],
  ])('of %j: %j', (input, spellings) => {
    expect(listEmailSpellings(input)).toEqual(spellings);
  });
});
