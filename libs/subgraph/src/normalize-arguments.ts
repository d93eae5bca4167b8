import { badInput } from '@signet/service';
import { defaultFieldResolver, type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';

/**
 * Gives every resolver of a schema its texts in Unicode's normal form C (UAX 15), in place: one spelling of a name, a key or a
 * search is stored and compared, whichever keyboard wrote it. It holds for a new field without a word in its resolver.
 * `findId` and what else reads a text compares it as it comes from here.
 *
 * Call it after the guards are on: a guard that a later wrapper hides still runs.
 */
export function normalizeArguments(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.args.length > 0) normalizeArgumentsOf(field);
    }
  }
  return schema;
}

function normalizeArgumentsOf(field: GraphQLField<unknown, unknown>): void {
  const { resolve = defaultFieldResolver } = field;
  field.resolve = (parent, args, context, info) =>
    resolve(parent, normalizeObject(args) as typeof args, context, info);
}

/** `field`: the argument or input field that the value is for. Instants and what else a scalar has made stay as they are. */
function normalizeValue(value: unknown, field: string): unknown {
  if (typeof value === 'string') return normalizeText(field, value);
  if (Array.isArray(value)) return normalizeList(value, field);
  return isPlainObject(value) ? normalizeObject(value) : value;
}

/** The list itself where nothing changes, as for most: a page asks for many entities. */
function normalizeList(values: readonly unknown[], field: string): readonly unknown[] {
  let normal: unknown[] | undefined;
  for (const [index, value] of values.entries()) {
    const text = normalizeValue(value, field);
    if (text === value) continue;
    normal ??= [...values];
    normal[index] = text;
  }
  return normal ?? values;
}

function normalizeObject(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let normal: Record<string, unknown> | undefined;
  for (const key of Object.keys(values)) {
    const value = normalizeValue(values[key], key);
    if (value === values[key]) continue;
    // A copy has each key as its own, `__proto__` too, so that setting it again changes no prototype.
    normal ??= { ...values };
    normal[key] = value;
  }
  return normal ?? values;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A stored password has at most 256 UTF-16 units: none is refused. */
const maxUncheckedLength = 256;
/** UAX 15, section 13: text of any language has at most 30 marks on a letter. */
const tooManyMarks = /\p{M}{31}/u;

/**
 * Marks are sorted in a time that grows with the square of their number: 120 KB of them took 15 s.
 *
 * @throws {RefusalError} `input.<field>`
 */
function normalizeText(field: string, text: string): string {
  if (text.length > maxUncheckedLength && tooManyMarks.test(text)) {
    throw badInput(field, 'The text holds more than 30 combining marks in a row.');
  }
  return text.normalize('NFC');
}
