import { isServerAway } from '@signet/flow';
import { type Logger as PinoLogger, pino } from 'pino';
import { type LogOutput, openLogOutput } from './log-output.ts';
import { findRequestIds } from './request-ids.ts';

export type Logger = PinoLogger;

type WriteLine = { (fields: object, message: string): void; (message: string): void };
/** What a library needs of a logger. A `Logger` has it, and so has `console`. */
export type LogWriter = { info: WriteLine; warn: WriteLine; error: WriteLine };

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const secretFields = [
  'password',
  'accessToken',
  'refreshToken',
  'deviceToken',
  'authorization',
  'cookie',
  'token',
];

/**
 * JSON lines on standard output, or to `destination`, which several loggers of a process should share. Fields that may hold a secret are removed at the top and one or two levels
 * deep. A line that is written while a request is served has the request's ids (request-ids.ts).
 */
export function createLogger(name: string, level: LogLevel, destination?: LogOutput): Logger {
  const options = {
    name,
    level,
    redact: {
      paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[redacted]',
    },
    serializers: { err: createErrorSerializer() },
    // pino adds the fields of the line to it.
    mixin: () => ({ ...findRequestIds() }),
  };
  return pino(options, destination ?? openLogOutput());
}

/** Writes a line at the level `info`. `fields`: members of a JSON object, `"a":1,"b":"c"`. */
export type WriteInfo = (fields: string) => void;

/**
 * For the line of each request, whose writer knows its fields: pino looks at every field of every line, which takes longer than all else that
 * is done for it. The form of the line is pino's. Undefined where the logger writes none of that level. Nothing is redacted.
 */
export function openInfoLines(logger: Logger, message: string): WriteInfo | undefined {
  if (!logger.isLevelEnabled('info')) return undefined;
  const parts = logger as unknown as Record<symbol, unknown>;
  const output = parts[pino.symbols.streamSym] as LogOutput;
  // With a comma before each.
  const bindings = parts[pino.symbols.chindingsSym] as string;
  const level = pino.levels.values.info;
  const before = flatten(`{"level":${level},"time":`);
  const between = flatten(`${bindings},`);
  const after = flatten(`,"msg":${JSON.stringify(message)}}\n`);
  return (fields) => {
    // pino says the level of a line in the same way.
    output.lastLevel = level;
    output.write(before + Date.now() + between + fields + after);
  };
}

/**
 * The same text in one piece. V8 keeps a text that was put together as a tree of its pieces, and goes through all of them each time that a
 * longer text with it is written. Worth it for a text that is kept and written many times.
 */
export function flatten(text: string): string {
  return Buffer.from(text).toString();
}

const maxCauses = 3;
/** An outage is over when no line was about one for so long. */
const outageQuietMs = 60_000;
/** A subgraph of another team may put a megabyte into the message of an error. */
const maxErrorText = 10_000;

/**
 * What a process does by itself fails in many places while a server is away, PostgreSQL above all, and each place says so. The first of
 * these errors has its stack, and again the first after a minute without any; the others say what was met.
 */
function createErrorSerializer(): (error: unknown) => unknown {
  let awayAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!isServerAway(error)) return describeError(error);
    const isFirst = performance.now() - awayAt >= outageQuietMs;
    awayAt = performance.now();
    return describeError(error, { withStack: isFirst });
  };
}

/**
 * Type, message, stack, SQLSTATE, causes and parts of an error. Other fields are left out: database drivers put values of rows into
 * them. Exported for its test.
 */
export function describeError(error: unknown, { depth = 0, withStack = true } = {}): unknown {
  if (!(error instanceof Error)) {
    return { message: String(error) };
  }
  const code = 'code' in error ? error.code : undefined;
  const describeCause = (cause: unknown) => describeError(cause, { depth: depth + 1, withStack });
  const cause = error.cause !== undefined && depth < maxCauses ? describeCause(error.cause) : undefined;
  const errors =
    error instanceof AggregateError && depth < maxCauses
      ? error.errors.slice(0, maxCauses).map(describeCause)
      : undefined;
  return {
    type: error.name,
    message: cut(error.message),
    code,
    ...(withStack && { stack: error.stack && cut(error.stack) }),
    ...(cause ? { cause } : {}),
    ...(errors && { errors }),
  };
}

function cut(text: string): string {
  return text.length > maxErrorText ? `${text.slice(0, maxErrorText)}…` : text;
}
