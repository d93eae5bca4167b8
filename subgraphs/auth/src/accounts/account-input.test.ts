import { createTestDatabase } from '@signet/testing';
import { describe, expect, it } from 'vitest';
import { normalizeEmail, readFullName } from './account-input.ts';

describe('readFullName', () => {
  it('is empty for a name that shows nothing', () => {
    for (const name of [undefined, null, '', '  ', '\u200b\u2060', ' \u3164\u00ad']) {
      expect(readFullName(name)).toBe('');
    }
    expect(readFullName(' Ada \u2764\ufe0f ')).toBe('Ada \u2764\ufe0f');
  });
});

describe('normalizeEmail', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    [' ada@example.com\n', 'ada@example.com'],
    ['ａｄａ@example.com', 'ada@example.com'],
    ['ada+shop@mail.example.com', 'ada+shop@mail.example.com'],
    ['jörg@müller.example', 'jörg@müller.example'],
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
    'a\u034fda@example.com',
    'ada\ufe0f@example.com',
    'ada\u3164@example.com',
    'ada\u202e@example.com',
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
