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
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw badInput('fullName', 'The name must not hold control characters.');
  }
  return name;
}
