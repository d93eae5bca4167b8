import { isBlank, turnsDirection } from '@signet/schema/contract';
import { badInput } from '@signet/service';

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id in the form in which the database gives it, or undefined when it is no UUID. For entity references. */
export function findId(value: unknown): string | undefined {
  return typeof value === 'string' && uuidForm.test(value) ? value.toLowerCase() : undefined;
}

/** @throws {RefusalError} `input.<field>` when the argument is no UUID. */
export function readId(field: string, value: string): string {
  const id = findId(value);
  if (id === undefined) throw badInput(field, 'This is not an id.');
  return id;
}

type TextLimits = { min?: number; max: number };

/**
 * Text without white space at its ends; a text that shows nothing is empty. Characters are counted as UTF-16 units. Its normal
 * form is C already: every resolver gets it so.
 *
 * @throws {RefusalError} `input.<field>` beyond the limits; with a NUL character, which PostgreSQL can't store, or half a
 * surrogate pair, which it would store as another character; or with a character that turns the direction of writing.
 */
export function readText(field: string, value: string, { min = 1, max }: TextLimits): string {
  const text = isBlank(value) ? '' : value.trim();
  if (text.length < min || text.length > max) {
    throw badInput(field, `The text must have ${min} to ${max} characters.`);
  }
  if (text.includes('\0')) throw badInput(field, 'The text must not hold a NUL character.');
  if (!text.isWellFormed()) throw badInput(field, 'The text holds half a character (a lone surrogate).');
  if (turnsDirection(text)) {
    throw badInput(field, 'The text must not hold characters that turn the direction of writing.');
  }
  return text;
}

type IntegerLimits = { min: number; max: number };

/** @throws {RefusalError} `input.<field>` outside the limits. */
export function readInteger(field: string, value: number, { min, max }: IntegerLimits): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw badInput(field, `The number must be between ${min} and ${max}.`);
  }
  return value;
}

/** An ILIKE pattern that finds the text itself, wherever it stands. */
export function toContainsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
