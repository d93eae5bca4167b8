import { LRUCache } from 'lru-cache';
import type { JsonObject } from './answer-shape.ts';
import { completeExactly, type ExactResult } from './complete-exactly.ts';
import { compileCompletion } from './complete-text.ts';
import type { OperationRun } from './operation-run.ts';
import { compileSelection, type SelectionOptions } from './selection.ts';

type Introspected = Readonly<Record<string, unknown>>;

/** Completes the results of an operation, in one of two ways that give the same answer. */
export type Completion = {
  /** The text of the answer: `{"data":…}` and a line end. Undefined where the result is not plainly right. */
  toText(data: JsonObject, introspected: Introspected): string | undefined;
  exactly(run: OperationRun, introspected: Introspected): ExactResult;
};

/** The completion of an operation for one set of values of the variables in `@skip` and `@include`. */
type Variant = Completion & { countFields(): number; counted: number };

const none: ReadonlySet<object> = new Set();

/** Variants of all operations of an executor. */
export type Variants = { operations: number; kept: LRUCache<string, Variant> };

/**
 * Each variable doubles the variants of its operation, and a client chooses which it sends: so the fields of all are counted together, some
 * 600 bytes each.
 */
const maxVariantFields = 25_000;

export function createVariants(maxFields = maxVariantFields): Variants {
  const kept = new LRUCache<string, Variant>({
    maxSize: maxFields,
    sizeCalculation: ({ counted }) => 1 + counted,
  });
  return { operations: 0, kept };
}

/** Compiles the completion of an operation, once for each set of values of the variables in `@skip` and `@include`. */
export function compileCompletions(
  options: SelectionOptions,
  variants: Variants,
): (coerced: Readonly<Record<string, unknown>>) => Completion {
  const { schema } = options;
  const { conditionVariables, select } = compileSelection(options);
  const compile = (coerced: Readonly<Record<string, unknown>>): Variant => {
    const selection = select(coerced);
    const { countFields } = selection;
    const toText = compileCompletion(schema, selection);
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
