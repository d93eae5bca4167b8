import { buildSchema, GraphQLError, getVariableValues, Kind, parse, parseValue, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkCustomScalars, dateTimeScalar, findScalarFault, jsonObjectScalar } from './custom-scalars.ts';

const schema = checkCustomScalars(
  buildSchema(`
    scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
    scalar Key @specifiedBy(url: "https://tools.ietf.org/html/rfc4122")
    scalar Object @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc8259")
    scalar Anything @specifiedBy(url: "https://example.com/anything")
    scalar UUID
    input Filter { since: DateTime, days: [DateTime!] }
    type Query { events(filter: Filter, at: DateTime, days: [DateTime!]): Int, find(key: Key, any: Anything, id: UUID, object: Object): Int }`),
);

const refused = [
  '',
  'now',
  '2026-11-21',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-11-31T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T23:60:00Z',
  '2026-11-21T23:59:60Z',
  '2026-11-21T09:30:00+24:00',
  '2026-11-21T09:30:00+01:60',
  0,
  null,
];

describe('DateTime', () => {
  it('goes out as ISO 8601 in UTC', () => {
    expect(dateTimeScalar.serialize(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
  });

  it('comes in with any offset, on every day that exists', () => {
    expect(dateTimeScalar.parseValue('2026-11-21T10:30:00+01:00')).toEqual(new Date('2026-11-21T09:30:00Z'));
    expect(dateTimeScalar.parseLiteral({ kind: Kind.STRING, value: '2026-11-21T09:30:00Z' }, {})).toEqual(
      new Date('2026-11-21T09:30:00Z'),
    );
    for (const day of ['2028-02-29', '2000-02-29', '2026-12-31', '0004-02-29']) {
      expect(dateTimeScalar.parseValue(`${day}T23:59:59.999Z`)).toEqual(new Date(`${day}T23:59:59.999Z`));
    }
  });

  it.each(refused)('refuses %j', (value) => {
    expect(() => dateTimeScalar.parseValue(value)).toThrow('must be written like');
  });
});

const nest = (levels: number): unknown => (levels === 0 ? 1 : { in: nest(levels - 1) });

describe('JSONObject', () => {
  it('is an object of anything, as it was sent', () => {
    const value = { id: 'x', flag: true, none: null, list: [{ a: 1 }] };
    expect(jsonObjectScalar.parseValue(value)).toBe(value);
    expect(jsonObjectScalar.serialize(value)).toBe(value);
    const literal = parseValue('{ id: "x", flag: true, none: null, list: [{ a: 1 }] }');
    expect(jsonObjectScalar.parseLiteral(literal, {})).toEqual(value);
  });

  it.each(['', 'x', 1, true, null, [], [{}], nest(9), { a: [[[[[[[[1]]]]]]]] }])('refuses %j', (value) => {
    expect(() => jsonObjectScalar.parseValue(value)).toThrow('A JSON object is needed');
    const literal = parseValue(JSON.stringify(value).replaceAll(/"(in|a)":/g, '$1:'));
    expect(() => jsonObjectScalar.parseLiteral(literal, {})).toThrow('A JSON object is needed');
  });

  it('takes eight levels', () => {
    expect(jsonObjectScalar.parseValue(nest(8))).toEqual(nest(8));
  });
});

/** What is read of the document's first fault: of its variables, else of its literals. */
function findReason(source: string, variables: Record<string, unknown> = {}): string | undefined {
  const document = parse(source);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('the first must be an operation');
  const [invalid] = validate(schema, document);
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  const fault = findScalarFault(invalid ?? errors?.[0]);
  return fault && `input.${fault.field}`;
}

describe('a scalar', () => {
  it.each([
    ['{ find(key: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6") }', undefined],
    ['{ find(key: "F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6") }', undefined],
    ['{ find(key: "f81d4fae7dec41d0a76500a0c91e6bf6") }', 'input.key'],
    ['{ find(key: "") }', 'input.key'],
    ['{ find(key: 1) }', 'input.key'],
    ['{ find(object: { a: 1 }) }', undefined],
    ['{ find(object: "x") }', 'input.object'],
    ['{ find(any: "x", id: "x") }', undefined],
    ['{ find(any: { a: [1] }, id: 7) }', undefined],
  ])('is checked by what it says it is specified by, whatever its name: %s', (source, reason) => {
    expect(findReason(source)).toBe(reason);
  });
});

describe('a refused value', () => {
  const bad = '2026-02-30T00:00:00Z';

  it.each([
    ['an argument', `{ events(at: "${bad}") }`],
    [
      'a list',
      `{ events(at: "2026-01-01T00:00:00Z", days: ["2026-01-01T00:00:00Z" # one: "two"\n "${bad}"]) }`,
    ],
    ['an input field', `{ events(filter: { days: ["2026-01-01T00:00:00Z"], since: "${bad}" }) }`],
    ['a default of a variable', `query ($d: DateTime = "${bad}") { events(filter: { since: $d }) }`],
    ['a number', '{ events(at: 1) }'],
    ['an object', '{ events(filter: { since: { at: 1 } }) }'],
  ])('is named after the argument or input field: %s', (title, source) => {
    const name = /list/.test(title) ? 'days' : /argument|number/.test(title) ? 'at' : 'since';
    expect(findReason(source)).toBe(`input.${name}`);
  });

  it.each([
    ['query ($d: DateTime) { events(filter: { since: $d }) }', { d: bad }, 'since'],
    ['query ($d: DateTime) { events(at: $d) }', { d: bad }, 'at'],
    ['query ($d: [DateTime!]) { events(days: $d) }', { d: [bad] }, 'days'],
    ['query ($d: DateTime!) { events(days: [$d]) }', { d: bad }, 'days'],
    ['query ($f: Filter) { events(filter: $f) }', { f: { since: bad } }, 'since'],
    ['query ($f: Filter) { events(filter: $f) }', { f: { days: ['2026-01-01T00:00:00Z', bad] } }, 'days'],
    ['query ($d: DateTime) { ...F } fragment F on Query { events(at: $d) }', { d: bad }, 'at'],
  ])('of a variable is named after what takes it: %s', (source, variables, field) => {
    expect(findReason(source, variables)).toBe(`input.${field}`);
  });

  it('stays as it was sent where it is right', () => {
    const { variableDefinitions = [] } = parse('query ($d: DateTime) { events(at: $d) }')
      .definitions[0] as never;
    const sent = { d: '2026-11-21T10:30:00+01:00' };
    expect(getVariableValues(schema, variableDefinitions, sent).coerced).toEqual(sent);
  });

  it('is no fault of a scalar where another type refuses', () => {
    expect(findScalarFault(new GraphQLError('x'))).toBeUndefined();
    expect(findScalarFault(undefined)).toBeUndefined();
  });
});
