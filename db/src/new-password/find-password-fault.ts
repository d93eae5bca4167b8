import { hasValidPasswordLength, passwordLength } from '../password-hash.ts';
import { isCommonPassword } from './common-passwords.ts';

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
  // Other systems cut at NUL, and nobody types a control character twice the same way.
  if (/\p{Cc}/u.test(password) || !password.isWellFormed()) {
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
  const words = [email, ...email.split(/[@.+_-]/), tenant, ...tenant.split('-')]
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= minWordLength)
    .toSorted((a, b) => b.length - a.length);
  return words.reduce((rest, word) => rest.replaceAll(word, ''), plain);
}
