import { findPasswordFault, type PasswordOwner } from '@signet/db/new-password';
import { isBlank } from '@signet/schema/contract';
import { badInput } from '@signet/service';

const maxEmailLength = 254; // RFC 5321, section 4.5.3.1.3, without the angle brackets
/** One @, text before it, and a name of letters, digits, hyphens and dots after it. Mail shows whether it leads anywhere. */
const emailForm = /^[^\s@\p{C}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}.-]*[\p{L}\p{N}\p{M}])?$/u;
/** Invisible characters beside those of \p{C}: an address with one looks like another address. */
const invisible = /\p{Default_Ignorable_Code_Point}/u;

const maxNameLength = 200;

/**
 * The one spelling under which an e-mail address is stored and looked up: NFKC, lower case. Undefined for a text that is no
 * address. Normalised again after lowering, since lower case can leave NFKC.
 */
export function normalizeEmail(input: string): string | undefined {
  // NFKC can make a text 18 times as long: check the length first.
  if (input.length > 4 * maxEmailLength) {
    return undefined;
  }
  const email = input.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  return email.length <= maxEmailLength && emailForm.test(email) && !invisible.test(email)
    ? email
    : undefined;
}

/**
 * A name without white space at its ends; empty when none is given, or one that shows nothing.
 *
 * @throws {RefusalError} input.fullName
 */
export function readFullName(input: string | null | undefined): string {
  const given = input ?? '';
  const name = isBlank(given) ? '' : given.trim();
  if ([...name].length > maxNameLength) {
    throw badInput('fullName', `The name must have at most ${maxNameLength} characters.`);
  }
  // Characters that turn the direction of writing are not in \p{Cc}: with one, staff could read a name as another name.
  if (/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(name) || !name.isWellFormed()) {
    throw badInput('fullName', 'The name must not hold control characters.');
  }
  return name;
}

/**
 * @param field the input field that the client sent it in.
 * @throws {RefusalError} input.password, or that of the other field.
 */
export function assertNewPassword(password: string, owner: PasswordOwner, field = 'password'): void {
  const fault = findPasswordFault(password, owner);
  if (fault) {
    throw badInput(field, fault);
  }
}
