import { de } from './de.ts';
import { en } from './en.ts';

const languages = { en, de };
type Language = keyof typeof languages;

/** The first of the browser's languages that the shop speaks. */
export const language = (navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages) ??
  'en') as Language;

/** The texts of every page. Their type is that of the English ones: the compiler finds one that a language has not. */
export const texts = languages[language];

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(language, { dateStyle: 'long' });

export function formatDateTime(instant: string): string {
  return dateTime.format(new Date(instant));
}

export function formatDate(instant: string): string {
  return date.format(new Date(instant));
}

/** @param amount in the currency's minor unit */
export function formatMoney({ amount, currency }: { amount: number; currency: string }): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
