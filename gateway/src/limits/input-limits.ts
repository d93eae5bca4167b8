import { Kind, type ValueNode } from 'graphql';
import type { LimitConfig } from './config.ts';
import { refuseExcess } from './refuse-excess.ts';

/**
 * Lists and objects of a request's JSON. Without recursion: this is what keeps the recursive functions after it from deep ones.
 *
 * @throws {RefusalError} `request.limit.list_size`, `request.limit.input_depth`.
 */
export function assertJsonWithinLimits(json: unknown, config: LimitConfig): void {
  const open: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) refuseExcess(config, 'LIMIT_LIST_SIZE', value.length);
    refuseExcess(config, 'LIMIT_INPUT_DEPTH', depth, { isAtLeast: true });
    for (const inner of Array.isArray(value) ? value : Object.values(value)) {
      open.push({ value: inner, depth: depth + 1 });
    }
  }
}

/**
 * Lists and objects that are written into the document. How deep they may recurse is bounded by LIMIT_NESTING.
 *
 * @throws {RefusalError} `request.limit.list_size`, `request.limit.input_depth`.
 */
export function assertLiteralWithinLimits(value: ValueNode, config: LimitConfig, depth = 1): void {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) {
    return;
  }
  refuseExcess(config, 'LIMIT_INPUT_DEPTH', depth, { isAtLeast: true });
  if (value.kind === Kind.LIST) {
    refuseExcess(config, 'LIMIT_LIST_SIZE', value.values.length);
    for (const item of value.values) assertLiteralWithinLimits(item, config, depth + 1);
  } else {
    for (const field of value.fields) assertLiteralWithinLimits(field.value, config, depth + 1);
  }
}
