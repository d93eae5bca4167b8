import { readFileSync } from 'node:fs';
import { Kind, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readApiSchema } from './api-schema.test-support.ts';
import { collectExampleOperations, parseExample, readExampleOperations } from './example-operations.ts';
import { supergraphPath } from './supergraph-files.ts';

const examples = collectExampleOperations();

describe('the examples of the subgraphs', () => {
  const schema = readApiSchema(readFileSync(supergraphPath('graph'), 'utf8'));

  it.each(examples.map((example) => [example.name, example] as const))(
    '%s is one valid operation of its own name',
    (name, { document }) => {
      const parsed = parse(document);
      expect(validate(schema, parsed)).toEqual([]);
      const operations = parsed.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
      expect(operations).toMatchObject([{ name: { value: name } }]);
    },
  );

  it('are those that npm run compose has written, and no two have one label', () => {
    expect(readExampleOperations()).toEqual(examples);
    expect(new Set(examples.map(({ name }) => name)).size).toBe(examples.length);
  });
});

describe('a file of an example', () => {
  it('gives label, variables and document, and keeps its other comments', () => {
    expect(parseExample('# Me\n# Variables: {"a": 1}\n# Sign in first.\nquery Me { me }\n', 'x')).toEqual({
      name: 'Me',
      variables: { a: 1 },
      document: '# Sign in first.\nquery Me { me }',
    });
    expect(parseExample('# Me\nquery Me { me }', 'x')).toEqual({ name: 'Me', document: 'query Me { me }' });
  });

  it.each([
    ['query Me { me }', /^orders\/me\.graphql: the first line must be a comment with the label/],
    [
      '# Me\n# Variables: {a: 1}\n{ me }',
      /^orders\/me\.graphql: the line # Variables: must hold a JSON object/,
    ],
    ['# Me\n# Variables: [1]\n{ me }', /must hold a JSON object/],
  ])('%j is refused with its name', (text, message) => {
    expect(() => parseExample(text, 'orders/me.graphql')).toThrow(message);
  });
});
