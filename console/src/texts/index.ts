import { de } from './de.ts';
import { en, type Texts } from './en.ts';

const languages: Record<string, Texts> = { en, de };

/** The first of the browser's languages that the console speaks. */
export const language =
  navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages) ?? 'en';
export const texts: Texts = languages[language] ?? en;

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });

export function formatDateTime(instant: string): string {
  return dateTime.format(new Date(instant));
}

export function formatDate(instant: string): string {
  return date.format(new Date(instant));
}
