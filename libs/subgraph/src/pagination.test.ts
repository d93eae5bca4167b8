import { describe, expect, it } from 'vitest';
import {
  type Connection,
  createConnection,
  createCursorCodec,
  isIntegerKey,
  isTextKey,
  type Position,
  readPage,
} from './pagination.ts';

type PageInfo = Connection<unknown>['pageInfo'];

const id = '0199c2f4-7a10-7000-8000-000000000001';
const codec = createCursorCodec('things:name', isTextKey);
const forge = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('a cursor', () => {
  it('carries key and id through any text', () => {
    const position = { key: 'Ärmel "100 %" 😀', id };
    expect(codec.decode(codec.encode(position))).toEqual(position);
  });

  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no JSON', 'abcd'],
    ['10 KB', 'a'.repeat(10_240)],
    ['another list', forge(['others:name', 'a', id])],
    ['a key of another type', forge(['things:name', 1, id])],
    ['a key with NUL', forge(['things:name', 'a\0', id])],
    ['an id that is none', forge(['things:name', 'a', 'x'])],
    ['an object', forge({ key: 'a', id })],
    ['parts missing', forge(['things:name'])],
  ])('is refused when it is %s', (_what, cursor) => {
    expect(() => readPage({ first: 1, after: cursor }, codec)).toThrow(/cursor/);
  });

  it.each([1.5, 2 ** 53, Number.NaN, '1', null])('of integers has no key %s', (key) => {
    const integers = createCursorCodec('things:time', isIntegerKey);
    expect(integers.decode(forge(['things:time', key, id]))).toBeUndefined();
  });
});

describe('readPage', () => {
  it.each([0, -1, 101, 2_147_483_647])('refuses first: %s', (first) => {
    expect(() => readPage({ first }, codec)).toThrow(/between 1 and 100/);
  });
});

describe('createConnection', () => {
  const rows = ['a', 'b', 'c'].map((key) => ({ key, id }));
  const read = ({ hasNextPage, hasPreviousPage, startCursor, endCursor }: PageInfo) => ({
    hasNextPage,
    hasPreviousPage,
    startCursor,
    endCursor,
  });

  it('says that more follows where a row more was found', () => {
    const { edges, pageInfo } = createConnection(rows, { first: 2, after: undefined }, codec, (row) => row);
    expect(edges.map(({ node }) => node.key)).toEqual(['a', 'b']);
    expect(read(pageInfo)).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[1]?.cursor,
    });
  });

  it('has no cursors on an empty page', () => {
    const page = { first: 2, after: { key: 'z', id } };
    expect(read(createConnection([], page, codec, (row) => row).pageInfo)).toEqual({
      hasNextPage: false,
      hasPreviousPage: true,
      startCursor: null,
      endCursor: null,
    });
  });

  it('writes a cursor where one is asked for, by no getter of its own: V8 keeps the rows of each such one', () => {
    let written = 0;
    const counting = { ...codec, encode: (position: Position<string>) => `${position.key}${++written}` };
    const { edges, pageInfo } = createConnection(
      rows,
      { first: 2, after: undefined },
      counting,
      (row) => row,
    );
    expect(written).toBe(0);
    expect(edges[1]?.cursor).toBe('b1');
    for (const object of [...edges, pageInfo]) {
      const own = Object.values(Object.getOwnPropertyDescriptors(object));
      expect(own.filter(({ get }) => get)).toEqual([]);
    }
  });
});
