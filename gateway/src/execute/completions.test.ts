import { setImmediate as untilIdle } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildSchema, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { expect, test } from 'vitest';
import { compileCompletions, createVariants } from './completions.ts';

const schema = buildSchema(`
  type Query { thing: Thing any: Any }
  type Thing { a: Int b: Int c: Int d: Int e: Int f: Int g: Int h: Int }
  union Any = Thing
`);
const fields = 'a b c d e f g h';

/** Two variants of each of 50 operations. */
function completeMany(selection: string, data: Record<string, unknown>, maxFields: number) {
  const variants = createVariants(2 ** 20, maxFields);
  const operations = Array.from({ length: 50 }, () => {
    const document = parse(`query ($x: Boolean!) { ${selection} __typename @include(if: $x) }`);
    const operation = getOperationAST(document) as OperationDefinitionNode;
    return compileCompletions({ schema, document, operation, prefix: undefined }, variants);
  });
  const completions = operations.flatMap((completionFor) =>
    [true, false].map((x) => {
      expect(completionFor({ x }).toText(data, {})).toBeDefined();
      return new WeakRef(completionFor({ x }).toText);
    }),
  );
  return { operations, completions };
}

const thing = Object.fromEntries(fields.split(' ').map((name) => [name, 1]));

test.each<[string, string, Record<string, unknown>]>([
  ['object types', `thing { ${fields} }`, { thing }],
  ['abstract types', `any { ... on Thing { ${fields} } }`, { any: { __typename: 'Thing', ...thing } }],
])('keeps no more variants of all operations than their fields allow: %s', async (_, selection, data) => {
  const { operations, completions } = completeMany(selection, data, 120);
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  await untilIdle();
  collectGarbage();
  const left = completions.filter((completion) => completion.deref()).length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(16);
  // What was dropped is compiled again.
  expect(operations[0]?.({ x: true }).toText(data, {})).toContain('"__typename":"Query"');
});

test('compiles a variant once', () => {
  const { operations } = completeMany(`thing { ${fields} }`, { thing }, 2000);
  expect(operations[0]?.({ x: true }).toText).toBe(operations[0]?.({ x: true }).toText);
});
