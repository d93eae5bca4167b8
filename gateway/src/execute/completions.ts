import { LRUCache } from 'lru-cache';
import type { JsonObject } from './answer-shape.ts';
import { completeExactly, type ExactResult } from './complete-exactly.ts';
import { compileCompletion } from './complete-text.ts';
import type { OperationRun } from './operation-run.ts';
import { compileSelection, type SelectionOptions } from './selection.ts';

type Introspected = Readonly<Record<string, unknown>>;

/** Completes the results of an operation, in one of two ways that give the same answer. */
export type Completion = {
  /** The text of the answer: `{"data":…}`. Undefined where the result is not plainly right. */
  toText(data: JsonObject, introspected: Introspected): string | undefined;
  exactly(run: OperationRun, introspected: Introspected): ExactResult;
};

/** Each variable of `@skip` and `@include` doubles the variants, and a client chooses which it sends. */
const maxKeptVariants = 16;

/** Compiles the completion of an operation, once for each set of values of the variables in its `@skip` and `@include`. */
export function compileCompletions(
  options: SelectionOptions,
): (coerced: Readonly<Record<string, unknown>>) => Completion {
  const { schema } = options;
  const { conditionVariables, select } = compileSelection(options);
  const compile = (coerced: Readonly<Record<string, unknown>>): Completion => {
    const selection = select(coerced);
    return {
      toText: compileCompletion(schema, selection),
      exactly: ({ data, errors, gone, failed }, introspected) =>
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
  const variants = new LRUCache<string, Completion>({ max: maxKeptVariants });
  return (coerced) => {
    const key = conditionVariables.map((name) => (coerced[name] === true ? '1' : '0')).join('');
    let variant = variants.get(key);
    if (!variant) {
      variant = compile(coerced);
      variants.set(key, variant);
    }
    return variant;
  };
}
