import { LRUCache } from 'lru-cache';
import type { JsonObject } from './answer-shape.ts';
import { completeExactly, type ExactResult } from './complete-exactly.ts';
import { compileCompletion } from './complete-text.ts';
import type { OperationRun } from './operation-run.ts';
import { compileSelection, type SelectionOptions } from './selection.ts';

type Introspected = Readonly<Record<string, unknown>>;

/** Completes the results of an operation, in one of two ways that give the same answer. */
export type Completion = {
  /**
   * The text of the answer: `{"data":…}` and a line end. Undefined where the result is not plainly right.
   *
   * @throws {AnswerTooLargeError}
   */
  toText(data: JsonObject, introspected: Introspected): string | undefined;
  /** @throws {AnswerTooLargeError} */
  exactly(run: OperationRun, introspected: Introspected): ExactResult;
};

/** The completion of an operation for one set of values of the variables in `@skip` and `@include`. */
type Variant = Completion & { countFields(): number; counted: number };

const none: ReadonlySet<object> = new Set();

/** Variants of all operations of an executor, and what no answer may be larger than. */
export type Variants = { operations: number; kept: LRUCache<string, Variant>; maxAnswerBytes: number };

/**
 * Each variable doubles the variants of its operation, and a client chooses which it sends: so the fields of all are counted together, some
 * 600 bytes each.
 */
const maxVariantFields = 25_000;

export function createVariants(maxAnswerBytes: number, maxFields = maxVariantFields): Variants {
  const kept = new LRUCache<string, Variant>({
    maxSize: maxFields,
    sizeCalculation: ({ counted }) => 1 + counted,
  });
  return { operations: 0, kept, maxAnswerBytes };
}

/** Compiles the completion of an operation, once for each set of values of the variables in `@skip` and `@include`. */
export function compileCompletions(
  options: SelectionOptions,
  variants: Variants,
): (coerced: Readonly<Record<string, unknown>>) => Completion {
  const { schema } = options;
  const { maxAnswerBytes: maxBytes } = variants;
  const { conditionVariables, select } = compileSelection(options);
  const compile = (coerced: Readonly<Record<string, unknown>>): Variant => {
    const selection = select(coerced);
    const { countFields } = selection;
    const toText = compileCompletion(schema, selection, maxBytes);
    return {
      countFields,
      counted: countFields(),
      toText,
      exactly: ({ data, errors, gone = none, failed = none }, introspected) =>
        completeExactly(data, {
          schema,
          selection,
          errorPaths: errors.flatMap(({ path }) => (path ? [path] : [])),
          gone,
          failed,
          introspected,
          maxBytes,
        }),
    };
  };
  if (conditionVariables.length === 0) {
    let only: Completion | undefined;
    return (coerced) => {
      only ??= compile(coerced);
      return only;
    };
  }
  variants.operations += 1;
  const prefix = `${variants.operations} `;
  const { kept } = variants;
  return (coerced) => {
    let key = prefix;
    for (const name of conditionVariables) key += coerced[name] === true ? '1' : '0';
    let variant = kept.get(key);
    if (!variant) {
      variant = compile(coerced);
      kept.set(key, variant);
    } else if (variant.counted !== variant.countFields()) {
      // The fields of an abstract type are looked up when there is an object of it.
      kept.set(key, { ...variant, counted: variant.countFields() });
    }
    return variant;
  };
}
