import { badInput } from '@signet/service';
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const instantForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** An instant: a Date inside, ISO 8601 in UTC outside (RFC 3339, section 5.6). */
export const dateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'An instant in ISO 8601, UTC: `2026-11-21T09:30:00.000Z`.',
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    throw new GraphQLError('A DateTime must come from a Date.');
  },
  parseValue: parseInstant,
  parseLiteral: (node) => parseInstant(node.kind === Kind.STRING ? node.value : undefined),
});

function parseInstant(value: unknown): Date {
  const instant = typeof value === 'string' && instantForm.test(value) ? new Date(value) : undefined;
  if (instant && !Number.isNaN(instant.getTime())) return instant;
  throw badInput('value', 'A DateTime must be written like 2026-11-21T09:30:00Z.');
}
