import { Kind } from 'graphql';
import { describe, expect, it } from 'vitest';
import { dateTimeScalar } from './scalars.ts';

describe('DateTime', () => {
  it('goes out as ISO 8601 in UTC', () => {
    expect(dateTimeScalar.serialize(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
  });
  it('comes in with any offset', () => {
    expect(dateTimeScalar.parseValue('2026-11-21T10:30:00+01:00')).toEqual(new Date('2026-11-21T09:30:00Z'));
    expect(dateTimeScalar.parseLiteral({ kind: Kind.STRING, value: '2026-11-21T09:30:00Z' }, {})).toEqual(
      new Date('2026-11-21T09:30:00Z'),
    );
  });
  it.each(['', 'now', '2026-11-21', '2026-13-01T00:00:00Z', 0, null])('refuses %j', (value) => {
    expect(() => dateTimeScalar.parseValue(value)).toThrow('must be written like');
  });
});
