import { z } from 'zod';

/** A number of something that is allowed; none may be switched off. */
function limit(defaultValue: number) {
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1')
    .transform(Number)
    .default(defaultValue);
}

/** How large a request may be, the same at every entrance. docs/limits.md tells how each is counted. */
export const limitConfigFields = {
  LIMIT_CHARACTERS: limit(40_000),
  LIMIT_TOKENS: limit(4000),
  LIMIT_NESTING: limit(32),
  LIMIT_OPERATIONS: limit(20),
  LIMIT_FRAGMENTS: limit(100),
  LIMIT_DIRECTIVES: limit(100),
  LIMIT_DIRECTIVES_PER_FIELD: limit(5),
  LIMIT_DEPTH: limit(10),
  LIMIT_FIELDS: limit(1000),
  LIMIT_ROOT_FIELDS: limit(20),
  LIMIT_ALIASES: limit(30),
  LIMIT_LIST_SIZE: limit(200),
  LIMIT_INPUT_DEPTH: limit(8),
  LIMIT_INTROSPECTION: limit(60_000),
  LIMIT_COST: limit(5000),
};

export type LimitConfig = { readonly [name in keyof typeof limitConfigFields]: number };
