import { findPasswordFault, type PasswordOwner } from '@signet/db/new-password';
import { isBlank, isPlainName } from '@signet/schema/contract';
import { badInput } from '@signet/service';

const maxNameLength = 200;

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
  if (!isPlainName(name)) {
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

/** RFC 5646, as far as templates are chosen by it: `de`, `de-AT`. */
const languageTag = /^(?=.{2,35}$)[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/**
 * A language tag; undefined when none is given.
 *
 * @throws {RefusalError} input.language
 */
export function readLanguage(input: string | null | undefined): string | undefined {
  if (!input) return undefined;
  if (!languageTag.test(input))
    throw badInput('language', 'This is not a language tag, such as de or de-AT.');
  return input;
}
