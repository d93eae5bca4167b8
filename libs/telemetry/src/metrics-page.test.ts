import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalogue, type MetricDefinition } from './catalogue.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');

test('docs/metrics.md has a row for each metric, with its type, labels and meaning', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `signet_'));
  const wanted = Object.entries<MetricDefinition>(catalogue).map(([name, { type, labels, help }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ') || '–';
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
  });
  expect(rows).toEqual(wanted);
});

test('names follow the rules of Prometheus: a prefix, base units, counters that end in _total', () => {
  for (const [name, { type, help }] of Object.entries<MetricDefinition>(catalogue)) {
    expect(name).toMatch(/^signet_[a-z_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/\.$/);
    expect(help).not.toContain('|');
  }
});
