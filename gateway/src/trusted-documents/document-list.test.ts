import { expect, test } from 'vitest';
import { joinManifests } from './document-list.ts';

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
