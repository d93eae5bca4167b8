import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatNeeds, needOf, plotNeeds } from './scaling.ts';

const docs = join(import.meta.dirname, '../docs');

it('gives docs/scaling.md its table, and the plot beside it', async () => {
  expect(await readFile(join(docs, 'scaling.md'), 'utf8')).toContain(formatNeeds());
  expect(await readFile(join(docs, 'scaling.svg'), 'utf8')).toBe(plotNeeds());
});

it('grows with the users, in everything', () => {
  const [one, ten] = [needOf(1_000_000), needOf(10_000_000)];
  expect(ten.cores.pages / one.cores.pages).toBeCloseTo(10);
  expect(ten.auditGbAYear / one.auditGbAYear).toBeCloseTo(10);
});
