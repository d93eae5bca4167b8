import { badInput } from '@signet/service';

const maxLength = 200;

/**
 * A name without white space at its ends; empty when none is given.
 *
 * @throws {RefusalError} input.fullName
 */
export function readFullName(input: string | null | undefined): string {
  const name = (input ?? '').trim();
  if ([...name].length > maxLength) {
    throw badInput('fullName', `The name must have at most ${maxLength} characters.`);
  }
  // Those that turn the direction of writing are no \p{Cc}: with one, a name could read as another to staff.
  if (/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(name) || !name.isWellFormed()) {
    throw badInput('fullName', 'The name must not hold control characters.');
  }
  return name;
}
