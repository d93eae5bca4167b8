import { describe, expect, test } from 'vitest';
import { findLocale } from './locale.ts';

const format = (locale: string) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
    .format(new Date('2026-11-09T15:04:00Z'))
    .replaceAll('\u202f', ' ');

describe('dates are written', () => {
  test.each([
    ['en', ['en-GB', 'en'], 'en-GB', '9 Nov 2026, 15:04'],
    ['en', ['en-US', 'en-GB'], 'en-US', 'Nov 9, 2026, 3:04 PM'],
    ['en', ['en'], 'en', 'Nov 9, 2026, 3:04 PM'],
    ['en', ['fr-FR', 'fr', 'en-US', 'en'], 'en-FR', '9 Nov 2026, 15:04'],
    ['en', ['en', 'de-DE'], 'en-DE', '9 Nov 2026, 15:04'],
    ['en', ['es-419', 'en'], 'en-001', '9 Nov 2026, 3:04 pm'],
    ['de', ['de'], 'de', '09.11.2026, 15:04'],
    ['de', ['de-AT', 'en-US'], 'de-AT', '09.11.2026, 15:04'],
    ['de', ['de-US'], 'de-US', '09.11.2026, 15:04'],
    ['de', ['not a tag', 'de-CH'], 'de-CH', '09.11.2026, 15:04'],
  ])('in %s for a browser of %j', (language, preferred, locale, text) => {
    expect(findLocale(language, preferred)).toBe(locale);
    expect(format(locale)).toBe(text);
  });
});
