import type { Reason } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { LimitConfig } from '../config.ts';

type Limit = {
  reason: Extract<Reason, `request.limit.${string}`>;
  /** What is limited, before "has 12 fields inside one another". */
  subject: string;
  /** What was counted, in the plural. */
  unit: string;
};

const limits: { readonly [name in keyof LimitConfig]: Limit } = {
  LIMIT_CHARACTERS: { reason: 'request.limit.characters', subject: 'The document', unit: 'characters' },
  LIMIT_TOKENS: { reason: 'request.limit.tokens', subject: 'The document', unit: 'tokens' },
  LIMIT_NESTING: {
    reason: 'request.limit.nesting',
    subject: 'The document',
    unit: 'brackets inside one another',
  },
  LIMIT_OPERATIONS: { reason: 'request.limit.operations', subject: 'The document', unit: 'operations' },
  LIMIT_FRAGMENTS: { reason: 'request.limit.fragments', subject: 'The document', unit: 'fragments' },
  LIMIT_DIRECTIVES: { reason: 'request.limit.directives', subject: 'The document', unit: 'directives' },
  LIMIT_DIRECTIVES_PER_FIELD: {
    reason: 'request.limit.directives',
    subject: 'A part of the document',
    unit: 'directives of its own',
  },
  LIMIT_DEPTH: { reason: 'request.limit.depth', subject: 'The operation', unit: 'fields inside one another' },
  LIMIT_FIELDS: {
    reason: 'request.limit.fields',
    subject: 'The operation',
    unit: 'fields and fragments, counted where each is used',
  },
  LIMIT_ROOT_FIELDS: { reason: 'request.limit.root_fields', subject: 'The operation', unit: 'root fields' },
  LIMIT_ALIASES: { reason: 'request.limit.aliases', subject: 'The operation', unit: 'aliases' },
  LIMIT_LIST_SIZE: { reason: 'request.limit.list_size', subject: 'A list or page', unit: 'items' },
  LIMIT_INPUT_DEPTH: {
    reason: 'request.limit.input_depth',
    subject: 'An input value',
    unit: 'levels of lists and objects',
  },
  LIMIT_INPUT_VALUES: {
    reason: 'request.limit.input_values',
    subject: 'The request',
    unit: 'values in its variables or extensions',
  },
  LIMIT_INTROSPECTION: {
    reason: 'request.limit.introspection',
    subject: 'The operation',
    unit: 'parts of the schema to describe, as estimated',
  },
  LIMIT_COST: {
    reason: 'request.limit.cost',
    subject: 'The operation',
    unit: 'points of cost, as estimated',
  },
};

/** A larger number says nothing useful, and counting may have stopped early. */
const largestToldNumber = 1_000_000;

/** @throws {RefusalError} that names the limit, what was found and what is allowed, when `found` exceeds the limit. */
export function refuseExcess(
  config: LimitConfig,
  name: keyof LimitConfig,
  found: number,
  { isAtLeast = false }: { isAtLeast?: boolean } = {},
): void {
  const allowed = config[name];
  if (found <= allowed) {
    return;
  }
  const { reason, subject, unit } = limits[name];
  const told =
    found > largestToldNumber
      ? `over ${largestToldNumber}`
      : `${isAtLeast ? 'at least ' : ''}${Math.ceil(found)}`;
  throw new RefusalError(reason, {
    text: `${subject} has ${told} ${unit}. At most ${allowed} are allowed.`,
    excess: { found: Math.min(Math.ceil(found), largestToldNumber), allowed },
  });
}
