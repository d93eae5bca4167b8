import {
  type ASTNode,
  GraphQLError,
  GraphQLScalarType,
  type GraphQLSchema,
  isScalarType,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { fieldOfValue, fieldOfVariable } from './field-of-value.ts';

/**
 * A value that is none of its scalar. The text is for the client and does not hold the value. `field` is the argument or input
 * field that the value was for; the place of a variable is known only afterwards.
 */
export class ScalarFault extends GraphQLError {
  override readonly name = 'ScalarFault';
  readonly field: string | undefined;

  constructor(text: string, node?: ASTNode, field = node && fieldOfValue(node)) {
    super(text, node && { nodes: node });
    this.field = field;
  }
}

type TextScalar<Internal> = {
  name: string;
  description: string;
  /** Undefined for a text that is no such value. */
  parse(text: string): Internal | undefined;
  serialize(value: unknown): string;
  /** What a right value looks like, for the client. */
  rule: string;
};

/**
 * A scalar that is a text outside. A text that it refuses is `input.<argument>`, as in a resolver: see `findScalarFault`.
 */
function createTextScalar<Internal>(options: TextScalar<Internal>): GraphQLScalarType<Internal, string> {
  const { name, description, parse, serialize, rule } = options;
  const read = (value: unknown) => (typeof value === 'string' ? parse(value) : undefined);
  return new GraphQLScalarType<Internal, string>({
    name,
    description,
    serialize,
    parseValue(value) {
      const internal = read(value);
      if (internal === undefined) throw new ScalarFault(rule);
      return internal;
    },
    parseLiteral(node) {
      const internal = read(node.kind === Kind.STRING ? node.value : undefined);
      if (internal === undefined) throw new ScalarFault(rule, node);
      return internal;
    },
  });
}

/** An instant: a Date inside, RFC 3339 in UTC outside. */
export const dateTimeScalar = createTextScalar<Date>({
  name: 'DateTime',
  description: 'An instant in ISO 8601, UTC: `2026-11-21T09:30:00.000Z`.',
  parse: parseInstant,
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    throw new GraphQLError('A DateTime must come from a Date.');
  },
  rule: 'An instant must be written like 2026-11-21T09:30:00Z, and its day and time must exist.',
});

const instantForm =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/;

/** RFC 3339, sections 5.6 and 5.7, without leap seconds. JavaScript itself moves 30 February and 24:00 to the next day. */
function parseInstant(text: string): Date | undefined {
  const match = instantForm.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] =
    match.slice(1).map((digits) => Number(digits ?? 0));
  const midnight = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  midnight.setUTCFullYear(year, month - 1, day);
  const exists =
    midnight.getUTCMonth() === month - 1 &&
    midnight.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    offsetHour < 24 &&
    offsetMinute < 60;
  const instant = new Date(text);
  return exists && !Number.isNaN(instant.getTime()) ? instant : undefined;
}

const maxJsonDepth = 8;
const jsonRule = `A JSON object is needed, at most ${maxJsonDepth} levels deep.`;

/** An object of JSON that another specification defines. Not deep: what walks it must not run out of stack. */
export const jsonObjectScalar = new GraphQLScalarType<JsonObject, JsonObject>({
  name: 'JSONObject',
  description: `An object as in JSON (RFC 8259), at most ${maxJsonDepth} levels deep. Select and send it as a whole.`,
  serialize(value) {
    if (isObject(value)) return value;
    throw new GraphQLError('A JSONObject must come from an object.');
  },
  parseValue(value) {
    if (isObject(value) && !isDeeper(value, maxJsonDepth)) return value;
    throw new ScalarFault(jsonRule);
  },
  parseLiteral(node, variables) {
    const value = isDeeperLiteral(node, maxJsonDepth) ? undefined : valueFromASTUntyped(node, variables);
    if (isObject(value)) return value;
    throw new ScalarFault(jsonRule, node);
  },
});

export type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether objects and lists are nested deeper than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function isDeeperLiteral(node: ValueNode, levels: number): boolean {
  if (node.kind !== Kind.OBJECT && node.kind !== Kind.LIST) return false;
  const inner = node.kind === Kind.LIST ? node.values : node.fields.map(({ value }) => value);
  return levels === 0 || inner.some((value) => isDeeperLiteral(value, levels - 1));
}

/** Every scalar of our own, as subgraphs read it. */
export const customScalars: Readonly<Record<string, GraphQLScalarType>> = {
  DateTime: dateTimeScalar,
  JSONObject: jsonObjectScalar,
};

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID (RFC 9562, section 4), of any version. */
const uuidScalar = createTextScalar<string>({
  name: 'UUID',
  description: 'A UUID: `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`.',
  parse: (text) => (uuidForm.test(text) ? text : undefined),
  serialize: String,
  rule: 'A UUID must be written like f81d4fae-7dec-41d0-a765-00a0c91e6bf6.',
});

/** What a scalar may be `@specifiedBy`, for a gateway to check its values. Whatever else it is called, it has this form. */
const checkedSpecifications: Readonly<Record<string, GraphQLScalarType>> = {
  'https://scalars.graphql.org/andimarek/date-time.html': dateTimeScalar,
  'https://scalars.graphql.org/andimarek/date-time': dateTimeScalar,
  'https://www.rfc-editor.org/rfc/rfc3339': dateTimeScalar,
  'https://datatracker.ietf.org/doc/html/rfc3339': dateTimeScalar,
  'https://tools.ietf.org/html/rfc4122': uuidScalar,
  'https://datatracker.ietf.org/doc/html/rfc4122': uuidScalar,
  'https://www.rfc-editor.org/rfc/rfc9562': uuidScalar,
  'https://www.rfc-editor.org/rfc/rfc8259': jsonObjectScalar,
  'https://datatracker.ietf.org/doc/html/rfc9562': uuidScalar,
};

/**
 * Has a schema that was built from SDL alone refuse what is no value of its scalars, where they say by `@specifiedBy` what they are (GraphQL
 * specification, 3.13.5). What it takes stays as it was sent: a gateway passes it on.
 */
export function checkCustomScalars(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isScalarType(type)) continue;
    const scalar = checkedSpecifications[type.specifiedByURL ?? ''];
    if (!scalar) continue;
    type.parseValue = (value) => {
      scalar.parseValue(value);
      return value;
    };
    type.parseLiteral = (node, variables) => {
      scalar.parseLiteral(node, variables);
      return valueFromASTUntyped(node, variables);
    };
  }
  return schema;
}

/** What a scalar said of a literal or a variable: the text for the client and the argument or input field that it was for. */
export function findScalarFault(error: unknown): { text: string; field: string | undefined } | undefined {
  if (!(error instanceof GraphQLError)) return undefined;
  const fault = findFault(error);
  if (!fault) return undefined;
  if (fault.field !== undefined) return { text: fault.message, field: fault.field };
  const [, place] = /^[\s\S]*? at "[\w[\]]+\.([\w.[\]]+)"; /.exec(error.message) ?? [];
  const inner = place?.split(/[.[\]]/).findLast((part) => /^[A-Za-z_]\w*$/.test(part));
  return { text: fault.message, field: inner ?? fieldOfVariable(error.nodes?.[0]) };
}

function findFault(error: unknown): ScalarFault | undefined {
  for (let current = error, depth = 0; current instanceof GraphQLError && depth < 5; depth += 1) {
    if (current instanceof ScalarFault) return current;
    current = current.originalError;
  }
  return undefined;
}
