import { readFileSync } from 'node:fs';
import { z } from 'zod';

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

/**
 * Reads and checks a process's configuration. A variable `X` may come from a file that `X_FILE` names (container
 * secrets). An empty variable counts as not set. Reports every fault at once, by variable, never with the value.
 *
 * @throws {ConfigError}
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment): Readonly<z.output<S>> {
  const faults: string[] = [];
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, readVariable(name, env, faults)]),
  );
  const result = schema.safeParse(values);
  if (!result.success) {
    const unreadable = new Set(faults.map((fault) => fault.split(/_FILE:|:/, 1)[0]));
    faults.push(
      ...result.error.issues
        .filter((issue) => !unreadable.has(String(issue.path[0])))
        .map((issue) => `${issue.path.join('.') || 'configuration'}: ${describeIssue(issue, values)}`),
    );
  }
  if (faults.length > 0 || !result.success) {
    throw new ConfigError(faults);
  }
  return Object.freeze(result.data);
}

function readVariable(name: string, env: Environment, faults: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) {
    return env[name] || undefined;
  }
  if (env[name]) {
    faults.push(`${name}: is set together with ${name}_FILE; keep one`);
    return undefined;
  }
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    faults.push(`${name}_FILE: can't read the file it names (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

function describeIssue(issue: z.core.$ZodIssue, values: Record<string, string | undefined>): string {
  const isMissing = issue.path.length === 1 && values[String(issue.path[0])] === undefined;
  return isMissing && issue.code === 'invalid_type' ? 'is not set' : issue.message;
}

/** Pieces of configuration schemas. */
export const configFields = {
  port: z.coerce
    .number('must be a port number')
    .int()
    .min(0, 'must be 0 to 65535')
    .max(65_535, 'must be 0 to 65535'),
  seconds: z.coerce
    .number('must be a number of seconds')
    .int()
    .positive('must be a positive number of seconds'),
  flag: z
    .enum(['yes', 'no', 'true', 'false'], 'must be yes or no')
    .transform((value) => value === 'yes' || value === 'true'),
  list: z.string().transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ),
  postgresUrl: z.string().regex(/^postgres(ql)?:\/\//, 'must be a URL that begins with postgres://'),
  httpUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  /** 32 bytes, base64: `openssl rand -base64 32`. */
  key256: z
    .string()
    .transform((value) => Buffer.from(value, 'base64'))
    .refine((bytes) => bytes.length === 32, 'must be 32 bytes in base64 (openssl rand -base64 32)'),
} as const;
