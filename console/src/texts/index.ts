import { de } from './de.ts';
import { en } from './en.ts';
import { germanReasons } from './german-reasons.ts';

/** A language that the console speaks. */
type Language = 'en' | 'de';
const spoken: readonly string[] = ['en', 'de'] satisfies Language[];

/** The first of the browser's languages that the console speaks. */
export const language = (navigator.languages
  .map((tag) => tag.slice(0, 2))
  .find((tag) => spoken.includes(tag)) ?? 'en') as Language;

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

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const number = new Intl.NumberFormat(language);
const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });

export function formatDateTime(instant: string): string {
  return dateTime.format(new Date(instant));
}

/** With the language's separators: `100,000`. */
export function formatCount(count: number): string {
  return number.format(count);
}

export function formatDate(instant: string): string {
  return date.format(new Date(instant));
}
