import { inRequest, isForPrimary } from '@signet/db';
import { type OperationDefinitionNode, parse } from 'graphql';
import { expect, it } from 'vitest';
import { atPrimary, readWritesAtPrimary } from './at-primary.ts';

function isForPrimaryAfter(fn: () => unknown): boolean {
  return inRequest({ caller: 'somebody' }, () => {
    fn();
    return isForPrimary();
  });
}

it.each([
  ['{ a }', false],
  ['query { a }', false],
  ['mutation { a }', true],
  ['subscription { a }', true],
])('lets replicas answer queries alone: %s', (text, expected) => {
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  expect(isForPrimaryAfter(() => readWritesAtPrimary.beforeRun?.({ document, operation, context: {} }))).toBe(
    expected,
  );
});

it('lets a policy, and what comes after it, read at the primary', () => {
  const seen: boolean[] = [];
  const { owner } = atPrimary<object>({
    owner: () => {
      seen.push(isForPrimary());
      return true;
    },
  });
  expect(isForPrimaryAfter(() => seen.push(isForPrimary()))).toBe(false);
  expect(isForPrimaryAfter(() => owner?.({}, {}, {}))).toBe(true);
  expect(seen).toEqual([false, true]);
});
