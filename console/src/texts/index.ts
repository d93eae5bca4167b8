import { de } from './de.ts';
import { en } from './en.ts';
import { germanReasons } from './german-reasons.ts';
import { findLocale } from './locale.ts';

/** A language that the console speaks. */
type Language = 'en' | 'de';
const spoken: readonly string[] = ['en', 'de'] satisfies Language[];

/** The first of the browser's languages that the console speaks. */
export const language = (navigator.languages
  .map((tag) => tag.slice(0, 2))
  .find((tag) => spoken.includes(tag)) ?? 'en') as Language;

/** By which dates, times and numbers are written: the language of the texts as it is used in the browser's region. */
export const locale = findLocale(language, navigator.languages);

/**
 * The texts of one screen, in the browser's language. The type of the English ones is that of all: the compiler finds a text that a
 * language has not.
 */
export function choose<T>(of: { en: T; de: NoInfer<T> }): T {
  return of[language];
}

/** What no screen has for itself: the frame, signing in, errors. A folder's own texts are in its `texts.ts`. */
export const texts = choose({ en, de });

/** What the API says of a reason, in the browser's language. Its own text is in English, and says more where a reason has several. */
export function textOfReason(reason: string | null, apiText: string): string {
  const german = reason !== null && Object.hasOwn(germanReasons, reason) ? germanReasons[reason] : undefined;
  return language === 'de' ? (german ?? apiText) : apiText;
}

const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const number = new Intl.NumberFormat(locale);
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });

export function formatDateTime(instant: string): string {
  return dateTime.format(new Date(instant));
}

const instant = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' });

/** With seconds and the time zone, where that may be asked about. */
export function formatInstant(at: string): string {
  return instant.format(new Date(at));
}

/** With the language's separators: `100,000`. */
export function formatCount(count: number): string {
  return number.format(count);
}

export function formatDate(instant: string): string {
  return date.format(new Date(instant));
}
