import type { FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import { decideDocument, readRequestedDocument, sha256 } from './decide-document.ts';
import { joinManifests } from './manifest.ts';

const body = 'query Products { products { totalCount } }';
const id = sha256(body);
const other = '{ __typename }';
const list = joinManifests([
  {
    file: 'web.json',
    documents: [
      { id, name: 'Products', body },
      { id: 'custom-7', name: 'Orders', body: 'query Orders { a }' },
    ],
  },
]);
const trusted = { text: body, hash: undefined };
const persisted = (sha256Hash: unknown, version: unknown = 1) => ({
  persistedQuery: { version, sha256Hash },
});

describe.each(['off', 'log', 'enforce'] as const)('%s', (mode) => {
  const decide = (request: object) => decideDocument(readRequestedDocument(post(request)), list, mode);

  test.each([
    ['the id of Apollo Client', { extensions: persisted(id) }],
    ['its id together with the text', { query: body, extensions: persisted(id) }],
    ['documentId', { documentId: id }],
    ['documentId with its prefix', { documentId: `sha256:${id}` }],
    ['the same id twice', { documentId: `sha256:${id}`, extensions: persisted(id) }],
    ['a null beside the id', { query: null, documentId: id, extensions: null }],
  ])('gives the listed text for %s', (_title, request) => {
    expect(decide(request)).toEqual(trusted);
  });

  test('gives the listed text for an id that is no hash', () => {
    expect(decide({ extensions: persisted('custom-7') })).toMatchObject({ text: 'query Orders { a }' });
  });

  test('runs a listed text', () => {
    expect(decide({ query: body })).toEqual(trusted);
  });

  test.each([
    ['a listed id with another text', { query: other, extensions: persisted(id) }, /another document/],
    ['two ids', { documentId: 'custom-7', extensions: persisted(id) }, /two different documents/],
    ['a hash of another text', { query: other, extensions: persisted('0'.repeat(64)) }, /not the SHA-256/],
    ['a hash that is an object', { extensions: persisted({}) }, /must be/],
    ['a hash that is a list of the id', { extensions: persisted([id]) }, /must be/],
    ['an empty hash', { extensions: persisted('') }, /must be/],
    ['another version', { extensions: persisted(id, 2) }, /must be/],
    ['a version that is a text', { extensions: persisted(id, '1') }, /must be/],
    ['a persistedQuery that is a text', { extensions: { persistedQuery: id } }, /must be/],
    ['a documentId that is a number', { documentId: 1 }, /documentId/],
    ['an empty documentId', { documentId: '' }, /documentId/],
  ])('refuses %s', (_title, request, message) => {
    expect(() => decide(request)).toThrow(refusal(message));
  });
});

describe('a document that is not listed', () => {
  test.each([
    ['a text', { query: other }],
    ['introspection', { query: '{ __schema { types { name } } }' }],
    ['a listed text with a space more', { query: `${body} ` }],
    ['a text with its own hash', { query: other, extensions: persisted(sha256(other)) }],
    ['an unknown hash', { extensions: persisted('0'.repeat(64)) }],
    ['a name of Object.prototype', { documentId: '__proto__' }],
    ['another one', { extensions: persisted('constructor') }],
    ['a listed id in capitals', { documentId: id.toUpperCase() }],
    ['nothing', {}],
    ['a text that is an object', { query: { toString: body } }],
    ['a list of requests', [{ query: body }]],
    ['no body', undefined],
  ])('is refused where that is enforced: %s', (_title, request) => {
    expect(() => decideDocument(readRequestedDocument(post(request)), list, 'enforce')).toThrow(refusal(/./));
  });

  test.each(['off', 'log'] as const)('runs by its text, and is left to the cache by its hash: %s', (mode) => {
    const decide = (request: object) => decideDocument(readRequestedDocument(post(request)), list, mode);
    const hash = sha256(other);
    expect(decide({ query: other })).toEqual({ text: other, hash: undefined });
    expect(decide({ documentId: `sha256:${hash}` })).toEqual({ text: undefined, hash });
    expect(decide({ query: other, extensions: persisted(hash) })).toEqual({
      text: other,
      hash,
    });
  });
});

describe('by GET', () => {
  const decide = (query: string) =>
    decideDocument(readRequestedDocument(get(`/graphql?${query}`)), list, 'enforce');
  const extensions = encodeURIComponent(JSON.stringify(persisted(id)));

  test.each([
    ['extensions', `extensions=${extensions}`],
    ['documentId', `documentId=sha256:${id}`],
    ['its text', `query=${encodeURIComponent(body)}`],
    ['broken extensions beside a documentId', `documentId=${id}&extensions={`],
  ])('finds the document by %s', (_title, query) => {
    expect(decide(query)).toEqual(trusted);
  });

  test.each([
    ['two documentIds', `documentId=${id}&documentId=custom-7`],
    ['broken extensions', 'extensions={'],
    ['an id in a second extensions', `extensions={}&extensions=${extensions}`],
    ['nothing', ''],
  ])('refuses %s', (_title, query) => {
    expect(() => decide(query)).toThrow(refusal(/./));
  });
});

function refusal(message: RegExp) {
  return expect.objectContaining({
    reason: 'request.document',
    httpStatus: 400,
    message: expect.stringMatching(message),
  });
}

function post(body: unknown) {
  return { method: 'POST', body } as FastifyRequest;
}

function get(url: string) {
  return { method: 'GET', url } as FastifyRequest;
}
