import { describe, expect, test } from 'vitest';
import type { FetchResult } from './executor.ts';
import { createFederation } from './federation.test-support.ts';

/** Answers of a subgraph as JSON texts, in turn. */
async function ask(query: string, answers: readonly string[]) {
  const left = [...answers];
  const federation = createFederation(
    [
      {
        name: 'one',
        sdl: `type Query { thing: Thing things: [Thing!] kind: Kind any: Any number: Int float: Float flag: Boolean id: ID day: Day text: String! }
          type Thing @key(fields: "id") { id: ID! name: String }
          type Other { x: Int } union Any = Thing | Other enum Kind { BIG SMALL HIDDEN @inaccessible } scalar Day`,
      },
      {
        name: 'two',
        sdl: 'type Thing @key(fields: "id") { id: ID! size: Int part: Part } type Part { a: Int }',
      },
    ],
    { answering: () => JSON.parse(left.shift() ?? 'null') as FetchResult },
  );
  const answer = await federation.run({ query });
  return { ...answer, faults: federation.takeFaults() };
}

const internal = (path: unknown[]) =>
  expect.objectContaining({ path, extensions: expect.objectContaining({ code: 'INTERNAL_SERVER_ERROR' }) });

describe('a value that is not of its type', () => {
  test.each([
    ['number', '"5"'],
    ['number', '1.5'],
    ['number', '2147483648'],
    ['number', '[1]'],
    ['float', '1e999'],
    ['float', '"1"'],
    ['flag', '1'],
    ['kind', '"NONE"'],
    ['kind', '"HIDDEN"'],
    ['kind', '"constructor"'],
    ['thing', '"text"'],
    ['thing', '[]'],
    ['things', '{}'],
    ['things', '[[]]'],
    ['any', '{"__typename":"Kind"}'],
    ['any', '{"__typename":"Query"}'],
    ['any', '{"__typename":"__proto__"}'],
    ['any', '{}'],
  ])('is an error at its place: %s: %s', async (field, value) => {
    const selection =
      { thing: '{ name }', things: '{ name }', any: '{ ... on Thing { name } }' }[field] ?? '';
    const { data, errors, faults } = await ask(`{ ${field} ${selection} }`, [
      `{"data":{"${field}":${value}}}`,
    ]);
    expect(data).toEqual({ [field]: null });
    expect(errors).toEqual([internal(value === '[[]]' ? [field, 0] : [field])]);
    expect(faults).toHaveLength(1);
    expect(JSON.stringify(errors)).not.toContain('HIDDEN');
  });

  test.each([
    ['number', '-2147483648', -2147483648],
    ['float', '5', 5],
    ['id', '7', '7'],
    ['day', '{"any":["json"]}', { any: ['json'] }],
    ['kind', 'null', null],
  ])('is none where the type takes it: %s: %s', async (field, value, expected) => {
    expect(await ask(`{ ${field} }`, [`{"data":{"${field}":${value}}}`])).toMatchObject({
      data: { [field]: expected },
    });
  });

  test('is one that is too deep to be written', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const { data, errors } = await ask('{ day number }', [`{"data":{"day":${deep},"number":1}}`]);
    expect(data).toEqual({ day: null, number: 1 });
    expect(errors).toEqual([internal(['day'])]);
  });
});

test.each([
  ['no data', 'null'],
  ['data that is a list', '{"data":[]}'],
  ['data that is a text', '{"data":"x"}'],
  ['neither data nor errors', '{"data":null}'],
  ['neither data nor an error', '{"data":null,"errors":[]}'],
])('an answer with %s is an outage', async (_, answer) => {
  const { data, errors } = await ask('{ number flag }', [answer]);
  expect(data).toEqual({ number: null, flag: null });
  expect(errors?.map(({ path, extensions }) => [path, extensions?.reason])).toEqual([
    [['number'], 'service.unavailable'],
    [['flag'], 'service.unavailable'],
  ]);
});

test('a key that is missing is an error, as is one that only every object has', async () => {
  const { data, errors } = await ask('{ number thing { name } }', ['{"data":{"thing":{}}}']);
  expect(data).toEqual({ number: null, thing: { name: null } });
  expect(errors).toEqual([internal(['number']), internal(['thing', 'name'])]);
});

describe('entities', () => {
  const first = '{"data":{"things":[{"__typename":"Thing","id":"a"},{"__typename":"Thing","id":"b"}]}}';
  test.each([
    ['too few', '[{"size":1}]'],
    ['too many', '[{"size":1},{"size":1},{"size":1}]'],
    ['no list', '{"length":2}'],
    ['none', 'null'],
  ])('%s are an outage of the list', async (_, entities) => {
    const { data, errors, faults } = await ask('{ things { id size } }', [
      first,
      `{"data":{"_entities":${entities}}}`,
    ]);
    expect(data).toEqual({
      things: [
        { id: 'a', size: null },
        { id: 'b', size: null },
      ],
    });
    expect(errors?.map(({ path }) => path)).toEqual([['things']]);
    expect(faults).toEqual(['answered without the 2 entities that were asked for']);
  });

  test('of no object are an error each', async () => {
    const { data, errors } = await ask('{ things { size } }', [first, '{"data":{"_entities":[5,[]]}}']);
    expect(data).toEqual({ things: [{ size: null }, { size: null }] });
    expect(errors).toEqual([internal(['things', 0, 'size']), internal(['things', 1, 'size'])]);
  });

  test('with keys that nobody asked for change nothing', async () => {
    const evil =
      '{"size":1,"part":{"__proto__":{"polluted":1},"a":2},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const { data, errors } = await ask('{ things { size part { a } } }', [
      '{"data":{"__proto__":{"polluted":1},"things":[{"__typename":"Thing","id":"a","__proto__":{"polluted":1}},{"__typename":"Thing","id":"b"}]}}',
      `{"data":{"_entities":[${evil},${evil}]}}`,
    ]);
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      things: [
        { size: 1, part: { a: 2 } },
        { size: 1, part: { a: 2 } },
      ],
    });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('the path of an error', () => {
  const first = '{"data":{"things":[{"__typename":"Thing","id":"a"},{"__typename":"Thing","id":"b"}]}}';
  test.each([
    ['out of range', '["_entities", 9, "size"]', ['things']],
    ['negative', '["_entities", -1, "size"]', ['things']],
    ['huge', '["_entities", 1e300, "size"]', ['things']],
    ['of no numbers', '["_entities", "length", "size"]', ['things']],
    ['of the list', '["_entities"]', ['things']],
    ['with a field that nobody asked for', '["_entities", 1, "secret", "more"]', ['things', 1]],
    ['with objects', '["_entities", 1, {}, []]', ['things', 1]],
    ['with __proto__', '["_entities", 1, "__proto__"]', ['things', 1]],
    ['that is no list', '"_entities"', ['things']],
    ['missing', 'null', ['things']],
    ['right', '["_entities", 1, "size"]', ['things', 1, 'size']],
  ])('%s is as much of it as there is', async (_, path, expected) => {
    const { data, errors } = await ask('{ things { size } }', [
      first,
      `{"data":{"_entities":[{"size":1},{"size":null}]},"errors":[{"message":"no","path":${path},"extensions":[]}]}`,
    ]);
    expect(data).toEqual({ things: [{ size: 1 }, { size: null }] });
    expect(errors).toEqual([{ message: 'no', path: expected, extensions: { serviceName: 'two' } }]);
  });

  test.each([
    ['out of range', '["things", 9, "name"]', ['things']],
    ['with a number first', '[0, "things"]', undefined],
    ['with a field that nobody asked for', '["secret"]', undefined],
    ['of wrong types', '[true, null]', undefined],
    ['right', '["things", 0, "name"]', ['things', 0, 'name']],
  ])('of a root fetch, %s', async (_, path, expected) => {
    const { errors } = await ask('{ things { name } }', [
      `{"data":{"things":[{"name":null}]},"errors":[{"message":5,"path":${path}}]}`,
    ]);
    expect(errors).toEqual([
      { message: '', extensions: { serviceName: 'one' }, ...(expected && { path: expected }) },
    ]);
  });
});
