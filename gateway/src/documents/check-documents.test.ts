import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { findDocumentFaults } from './trusted-documents.ts';

test('names the documents that the schema does not answer', async () => {
  const schema = buildSchema('type Query { a: Int }');
  const documents = [
    { id: '1', name: 'A', body: 'query A { a }' },
    { id: '2', name: 'B', body: 'query B { b }' },
    { id: '3', name: 'C', body: 'query C {' },
  ];
  expect(await findDocumentFaults(documents, schema)).toEqual([
    { id: '2', name: 'B', fault: expect.stringContaining('Cannot query field "b" on type "Query".') },
    { id: '3', name: 'C', fault: 'Syntax Error: Expected Name, found <EOF>.' },
  ]);
});
