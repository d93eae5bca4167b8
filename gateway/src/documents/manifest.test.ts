import { expect, test } from 'vitest';
import { joinManifests, parseManifest } from './manifest.ts';

const operation = {
  id: 'a1',
  name: 'Products',
  type: 'query',
  body: 'query Products { products { totalCount } }',
};
const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations: [operation] };

test('reads what generate-persisted-query-manifest writes', () => {
  expect(parseManifest(JSON.stringify(manifest), 'web.json')).toEqual([
    { id: 'a1', name: 'Products', body: operation.body },
  ]);
});

test('leaves out what other generators add', () => {
  const text = JSON.stringify({
    ...manifest,
    generator: 'x',
    operations: [{ ...operation, clientName: 'ios' }],
  });
  expect(parseManifest(text, 'ios.json')).toHaveLength(1);
});

test.each([
  ['no JSON', '{', 'web.json: is no JSON'],
  ['a list', '[]', 'web.json: is no manifest: its JSON is no object'],
  [
    'another format',
    { ...manifest, format: 'relay' },
    'web.json: format is not "apollo-persisted-query-manifest"',
  ],
  ['another version', { ...manifest, version: 2 }, 'web.json: version is not 1'],
  ['no operations', { ...manifest, operations: {} }, 'web.json: operations is no list'],
  ['an operation that is a text', withOperation('x'), 'web.json: operations[1] is no object'],
  ['an id that is a number', withOperation({ ...operation, id: 1 }), 'web.json: operations[1] has no id'],
  ['an empty id', withOperation({ ...operation, id: '' }), 'web.json: operations[1] has an empty id'],
  [
    'a huge id',
    withOperation({ ...operation, id: 'x'.repeat(257) }),
    'web.json: operations[1] has an id of more than 256 characters',
  ],
  ['no body', withOperation({ ...operation, body: undefined }), 'web.json: operations[1] has no body'],
])('refuses %s and says where', (_title, content, message) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  expect(() => parseManifest(text, 'web.json')).toThrow(expect.objectContaining({ message }));
});

function withOperation(second: unknown) {
  return { ...manifest, operations: [operation, second] };
}

const products = { id: 'p', name: 'Products', body: 'query Products { a }' };
const orders = { id: 'o', name: 'Orders', body: 'query Orders { a }' };

test('joins manifests of several versions, which share documents', () => {
  const newer = { id: 'p2', name: 'Products', body: 'query Products { a b }' };
  const list = joinManifests([
    { file: '1.json', documents: [products, orders] },
    { file: '2.json', documents: [newer, orders] },
  ]);
  expect(list.documents.map(({ id }) => id)).toEqual(['p', 'o', 'p2']);
  expect(list.findById('p')?.body).toBe(products.body);
  expect(list.findById('p2')?.body).toBe(newer.body);
});

test('refuses one id for two texts, and names both places', () => {
  const other = { ...products, name: 'Other', body: 'query Other { a }' };
  const join = () =>
    joinManifests([
      { file: '1.json', documents: [products] },
      { file: '2.json', documents: [orders, other] },
    ]);
  expect(join).toThrow("2.json: operations[1] has the id 'p' of another document ('Products')");
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])('knows no document %j', (id) => {
  const list = joinManifests([{ file: '1.json', documents: [products] }]);
  expect([list.findById(id), list.hasText(id), list.hasName(id)]).toEqual([undefined, false, false]);
});
