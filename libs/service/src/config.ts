import { readFileSync } from 'node:fs';
import { tracingConfigFields } from '@signet/telemetry/tracing';
import { z } from 'zod';
import { logLevels } from './logger.ts';
import { findMistypedVariables } from './mistyped-variables.ts';

/** All faults of a process's configuration, a line each, for the operator. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type LoadConfigOptions = {
  /** The names of variables that a mistyped one is compared with. By default those of the schema. */
  knownNames?: readonly string[];
  /** How a fault names a variable. By default by its name. A configuration file has places of its own. */
  placeOf?: (variable: string) => string;
};

/**
 * Reads and checks the configuration of a process. A variable `X` may come from the file that `X_FILE` names (container
 * secrets). An empty variable counts as not set. All faults are reported at once, by variable, never with the value. A
 * variable whose name looks like a mistyped one is a fault as well.
 *
 * @throws {ConfigError}
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  env: Environment,
  { knownNames = Object.keys(schema.shape), placeOf = (variable) => variable }: LoadConfigOptions = {},
): Readonly<z.output<S>> {
  const unreadable = new Map<string, string>();
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, readVariable(name, env, { unreadable, placeOf })]),
  );
  const result = schema.safeParse(values);
  const issues = (result.error?.issues ?? []).filter((issue) => !unreadable.has(String(issue.path[0])));
  const faults = [
    ...unreadable.values(),
    ...new Set(issues.map((issue) => `${placeOf(nameOf(issue))}: ${describeIssue(issue, values)}`)),
    ...findMistypedVariables(knownNames, env),
  ];
  if (faults.length > 0 || !result.success) {
    throw new ConfigError(faults);
  }
  return Object.freeze(result.data);
}

type Unreadable = { unreadable: Map<string, string>; placeOf: (variable: string) => string };

/** Adds the fault of a variable that can't be read to `unreadable`, by the variable's name. */
function readVariable(
  name: string,
  env: Environment,
  { unreadable, placeOf }: Unreadable,
): string | undefined {
  const value = env[name]?.trim();
  const path = env[`${name}_FILE`]?.trim();
  if (!path) {
    return value || undefined;
  }
  if (value) {
    unreadable.set(name, `${placeOf(name)}: is set together with ${name}_FILE; keep one`);
    return undefined;
  }
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    unreadable.set(name, `${placeOf(`${name}_FILE`)}: can't read the file it names (${code})`);
    return undefined;
  }
}

/** The variable only: an operator can't look up a place inside a list. */
function nameOf(issue: z.core.$ZodIssue): string {
  return String(issue.path[0] ?? 'configuration');
}

function describeIssue(issue: z.core.$ZodIssue, values: Record<string, string | undefined>): string {
  const isMissing = issue.path.length === 1 && values[String(issue.path[0])] === undefined;
  return isMissing && issue.code !== 'custom' ? 'is not set' : issue.message;
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

function areHostNames(names: readonly string[]): boolean {
  return names.every((name) => /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)$/.test(name));
}

/** Digits only: `Number` also accepts `0x10`, `1e3` and a space. */
function wholeNumber(fault: string, { min, max }: { min: number; max: number }) {
  return z
    .string()
    .regex(/^\d{1,15}$/, fault)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fault)
    .meta({ inFile: { type: 'integer', minimum: min, maximum: max } });
}

/** A secret in its generations, 32 bytes each: the first is in use, what the others made is taken too. */
export type KeyList = readonly [Buffer, ...Buffer[]];

const maxKeys = 5;
const keysFault = `must be 32 bytes in base64 (openssl rand -base64 32), or up to ${maxKeys} such keys, a line each`;

function splitKeys(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** For the field of a secret. `describeSettings` reads it. */
const secretMark = { isSecret: true };

/** What stands in a configuration file, as JSON Schema. The schema of a variable reads its text. */
const listInFile = { inFile: { type: 'array', items: { type: 'string' } } };

/** Pieces of configuration schemas. Each setting ends with `.describe('…')`, from which its documentation is written. */
export const configFields = {
  /** A whole number of a range, and the text of the fault for anything else. */
  wholeNumber,
  port: wholeNumber('must be a port number, 0 to 65535', { min: 0, max: 65_535 }),
  seconds: wholeNumber('must be a whole, positive number of seconds', {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  flag: z
    .enum(['yes', 'no', 'true', 'false'], 'must be yes or no')
    .transform((value) => value === 'yes' || value === 'true')
    .meta({ inFile: { type: 'boolean' } }),
  list: z.string().transform(splitList).meta(listInFile),
  /** A secret, since it holds a password. */
  postgresUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a URL that begins with postgres://')
    .meta(secretMark),
  httpUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  /** Names as in a Host header, without scheme and port. */
  hostNames: z
    .string()
    .transform(splitList)
    .refine(areHostNames, 'must be host names without scheme or port')
    .meta(listInFile),
  /** Public keys. */
  pem: z.string().regex(/^-----BEGIN /, 'must be in PEM form (-----BEGIN …)'),
  secret: z.string().meta(secretMark),
  /** A secret of 32 bytes, base64: `openssl rand -base64 32`. */
  key256: z
    .string()
    .regex(/^([A-Za-z0-9+/]{43}=?|[\w-]{43}=?)$/, 'must be 32 bytes in base64 (openssl rand -base64 32)')
    .transform((value) => Buffer.from(value, 'base64'))
    .meta(secretMark),
  /**
   * Secrets of 32 bytes that are changed one after the other, in base64, separated by white space or commas. The first is the one in
   * use; what an earlier, or the next, one made is taken too.
   */
  keys256: z
    .string()
    .transform((text, ctx) => {
      const words = splitKeys(text);
      const isForm = words.every((word) => /^([A-Za-z0-9+/]{43}=?|[\w-]{43}=?)$/.test(word));
      const keys = words.map((word) => Buffer.from(word, 'base64'));
      const isTwice = keys.some((key, index) => keys.findIndex((other) => other.equals(key)) < index);
      if (!isForm || isTwice || keys.length === 0 || keys.length > maxKeys) {
        ctx.addIssue(isTwice && isForm ? 'has the same key twice' : keysFault);
        return z.NEVER;
      }
      return keys as unknown as KeyList;
    })
    .meta(secretMark),
} as const;

/** Variables that every process reads. */
export const processConfigFields = {
  HOST: z.string().default('127.0.0.1').describe('The address to listen on.'),
  PORT: configFields.port.describe('The port to listen on. 0 takes a free one.'),
  ALLOWED_HOSTS: configFields.hostNames
    .default([])
    .describe(
      'Host names, beside those of loopback, by which clients may call the process, separated by commas. A request to any other Host gets 421.',
    ),
  METRICS_PORT: configFields.port
    .optional()
    .describe(
      'The port that shows the metrics in the text format of Prometheus at /metrics, and /health/live, /health/started and /health/ready with their reasons. Operators alone should reach it. Without it there are no metrics.',
    ),
  METRICS_HOST: z.string().optional().describe('The address for METRICS_PORT. By default that of HOST.'),
  SHUTDOWN_DRAIN_MS: configFields
    .wholeNumber('must be milliseconds, 0 to 5000', { min: 0, max: 5000 })
    .default(0)
    .describe(
      'How long a process goes on serving after the signal to stop, while it reports that it is not ready and load balancers choose another replica.',
    ),
  LOG_LEVEL: z
    .enum(logLevels, `must be one of ${logLevels.join(', ')}`)
    .default('info')
    .describe(`The least level that is logged: ${logLevels.join(', ')}.`),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development')
    .describe('`development`, `test`, or `production`, which closes what strangers must not see.'),
  SURFACE: z
    .enum(['development', 'production'], 'must be development or production')
    .optional()
    .describe('`production` closes the process to strangers as in production, whatever NODE_ENV says.'),
  ...tracingConfigFields,
};

/** Whether a process is closed to strangers as in production: no schema, no browser pages, no seeded accounts. */
export function hasProductionSurface({ NODE_ENV, SURFACE }: SurfaceConfig): boolean {
  // No variable opens what production closes.
  return NODE_ENV === 'production' || SURFACE === 'production';
}

export type SurfaceConfig = {
  NODE_ENV: 'development' | 'production' | 'test';
  SURFACE?: 'development' | 'production' | undefined;
};
