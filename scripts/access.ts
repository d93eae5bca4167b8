import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  callers,
  createAccessMatrix,
  findAccessFaults,
  findLenientRows,
  findScopeFaults,
  findUnusedScopes,
  formatAccessMatrix,
  type MatrixRow,
  readRuleBook,
} from '@signet/access';
import { scopeHolders } from '@signet/schema/contract';
import { parse } from 'graphql';
import { readCheckedSubgraphs } from './access-subgraphs.ts';

const generated = join('schema', 'generated');

/**
 * `npm run access`: checks that every field has an access rule that somebody can pass. Prints the faults and exits 1, or writes
 * the matrix of who may read what; with `--check` it compares instead. `--tree` names another copy of this repository.
 */
async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { check: { type: 'boolean', default: false }, tree: { type: 'string' } },
  });
  const tree = values.tree ?? join(import.meta.dirname, '..');
  const subgraphs = await readCheckedSubgraphs(tree);
  const faults = [...findAccessFaults(subgraphs), ...findScopeFaults(subgraphs, scopeHolders)];
  if (faults.length > 0) {
    fail(faults.map(({ coordinate, subgraph, fault }) => `${coordinate} (${subgraph}): ${fault}`));
    return;
  }
  const supergraph = readRuleBook(parse(readFileSync(join(tree, generated, 'supergraph.graphql'), 'utf8')));
  const rows = createAccessMatrix(supergraph);
  const books = subgraphs.map(({ name, sdl }) => ({ name, book: readRuleBook(sdl) }));
  const content = formatAccessMatrix(rows, findLenientRows(rows, books));
  const path = join(tree, generated, 'access-matrix.md');
  const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === content;
  if (values.check && !isCurrent) {
    fail(['Out of date: schema/generated/access-matrix.md. Run npm run access and commit the result.']);
    return;
  }
  if (!isCurrent) {
    writeFileSync(path, content);
  }
  console.log(describeCounts(rows, new Set(subgraphs.flatMap(({ policies }) => policies))));
  const unused = findUnusedScopes(subgraphs, scopeHolders);
  if (unused.length > 0) {
    console.log(`No access rule names these scopes of schema/contract/scopes.ts: ${unused.join(', ')}`);
  }
}

function fail(lines: readonly string[]): void {
  console.error(lines.join('\n'));
  process.exitCode = 1;
}

function describeCounts(rows: readonly MatrixRow[], policies: ReadonlySet<string>): string {
  const types = new Set(rows.map(({ coordinate }) => coordinate.split('.')[0]));
  const isPublic = rows.filter(({ conditions }) => conditions?.length === 0);
  const lines = callers.map((caller) => {
    const count = (verdict: string) => rows.filter(({ verdicts }) => verdicts[caller] === verdict).length;
    return `  ${caller.padEnd(12)} ${String(count('yes')).padStart(4)} allowed, ${String(count('policy')).padStart(3)} by policy, ${String(count('no')).padStart(4)} refused`;
  });
  return [
    `Every field has an access rule: ${types.size} types, ${rows.length} fields, ${isPublic.length} of them public, ${policies.size} policies.`,
    ...lines,
  ].join('\n');
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  fail([error instanceof Error ? error.message : String(error)]);
});
