import type { ValueKind } from './template-values.ts';

const maxTextLength = 200;
/** What ends a line, turns the direction of writing, or cannot be seen (UTS 55): with these one value could pass for another. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/** One line of what can be seen, at most 200 characters. */
export function cleanLine(text: string): string {
  const line = text.normalize('NFC').replaceAll(unseen, ' ').replaceAll(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= maxTextLength ? line : `${characters.slice(0, maxTextLength - 1).join('')}…`;
}

/**
 * A value as a reader has it in their language: `3 days`, `5 November 2026 at 09:15 UTC`.
 *
 * @param words those of the language.
 * @throws {Error} for a link that is none
 */
export function writeValue(
  kind: ValueKind,
  value: string,
  language: string,
  words: Readonly<Record<string, string | undefined>>,
): string {
  switch (kind) {
    case 'link':
      return assertLink(value);
    case 'time':
      return writeTime(new Date(value), language);
    case 'seconds':
      return writeDuration(Number(value), language);
    case 'word':
      return words[value] ?? cleanLine(value);
    case 'words':
      return writeWords(value.split(','), language, words);
    case 'count':
      return new Intl.NumberFormat(language).format(Number(value));
    case 'text':
    case 'email':
      return cleanLine(value);
  }
}

/** `an authenticator app and a passkey (2)`. */
function writeWords(
  list: readonly string[],
  language: string,
  words: Readonly<Record<string, string | undefined>>,
): string {
  const counts = Map.groupBy(list, (word) => words[word] ?? cleanLine(word));
  const parts = [...counts].map(([text, { length }]) => (length === 1 ? text : `${text} (${length})`));
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(parts);
}

function writeTime(time: Date, language: string): string {
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return `${format.format(time)} UTC`;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

function writeDuration(seconds: number, language: string): string {
  const [unit, size] = units.find(([, each]) => seconds >= each && seconds % each === 0) ?? ['minute', 60];
  const count = Math.max(1, Math.floor(seconds / size));
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

function assertLink(text: string): string {
  const { protocol, href } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error('A link in a mail is no web address.');
  return href;
}
