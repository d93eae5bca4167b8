import { z } from 'zod';

/** How large a request may be, the same at every entrance. docs/limits.md says how each is counted. No limit can be switched off. */
export const limitFields = {
  LIMIT_CHARACTERS: limit(40_000).describe('Characters of a document. Long values belong in variables.'),
  LIMIT_TOKENS: limit(4000).describe('Names, brackets, values and signs of a document.'),
  LIMIT_NESTING: limit(32).describe('Brackets of any kind that are open at once.'),
  LIMIT_OPERATIONS: limit(20).describe('Operations in a document, of which one runs.'),
  LIMIT_FRAGMENTS: limit(100).describe('Fragment definitions.'),
  LIMIT_DIRECTIVES: limit(100).describe('Directives in the whole document.'),
  LIMIT_DIRECTIVES_PER_FIELD: limit(5).describe('Directives at one field, fragment, variable or operation.'),
  LIMIT_DEPTH: limit(10).describe('Fields inside one another.'),
  LIMIT_FIELDS: limit(1000).describe('Fields and fragments, where they are used.'),
  LIMIT_ROOT_FIELDS: limit(20).describe('Fields of the operation itself, where they are used.'),
  LIMIT_ALIASES: limit(30).describe('Aliased fields, where they are used.'),
  LIMIT_LIST_SIZE: limit(200).describe(
    'Items of a list in the document or the variables, and items that a page asks for.',
  ),
  LIMIT_INPUT_DEPTH: limit(8).describe(
    'Lists and objects inside one another, in literals, variables and extensions.',
  ),
  LIMIT_INPUT_VALUES: limit(5000).describe(
    'Values in the variables and extensions: lists, objects, and what is in them.',
  ),
  LIMIT_INTROSPECTION: limit(60_000).describe('Objects that introspection would describe, as estimated.'),
  LIMIT_COST: limit(5000).describe(
    'Objects that the operation would fetch, and the weights of searches and counts, as estimated.',
  ),
};

export type LimitConfig = { readonly [name in keyof typeof limitFields]: number };

function limit(defaultValue: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1')
    .transform(Number)
    .meta({ inFile: { type: 'integer', minimum: 1, maximum: 999_999_999 } })
    .default(defaultValue);
}
