import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { allCases } from './cases/all-cases.ts';
import { supergraphs } from './graph/supergraphs.generated.ts';
import { formatSupergraphs } from './graph/write-supergraphs.ts';
import { isKnownCoordinate } from './judge.ts';
import { sentences } from './sentences.ts';

describe('the cases', () => {
  it('are at least 120, each with an id of its own and a sentence with a link', () => {
    expect(allCases.length).toBeGreaterThanOrEqual(120);
    expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length);
    const used = new Set<string>(allCases.map(({ says }) => says));
    expect(Object.keys(sentences).filter((name) => !used.has(name))).toEqual([]);
    for (const { text, link } of Object.values(sentences)) {
      expect(text.length).toBeGreaterThan(20);
      expect(link).toMatch(/^https:\/\//);
    }
  });

  it.each(allCases.map((one) => [one.id, one] as const))('%s asks for what is there', (_id, one) => {
    const graph = one.graph ?? 'main';
    const schema = buildSchema(supergraphs[graph], { assumeValidSDL: true, assumeValid: true });
    const errors = validate(schema, parse(one.operation));
    expect(errors.length > 0).toBe(one.isInvalid ?? false);
    for (const coordinate of Object.values(one.refused ?? {})) {
      expect(isKnownCoordinate(graph, coordinate), coordinate).toBe(true);
    }
  });
});

it('the sentences of @recentAuth and @callers are those of their definitions', () => {
  const definitions = readFileSync(join(import.meta.dirname, '../../../schema/access.graphql'), 'utf8');
  for (const { text } of [sentences.recentAuth, sentences.callers])
    expect(definitions.replaceAll(/\s+/g, ' ')).toContain(text);
});

it('the supergraphs are what Apollo’s composition makes of the subgraphs', () => {
  const written = readFileSync(join(import.meta.dirname, 'graph/supergraphs.generated.ts'), 'utf8');
  expect(written === formatSupergraphs(), 'run node cli/src/conformance/graph/write-supergraphs.ts').toBe(
    true,
  );
});
