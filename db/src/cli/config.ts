import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ProcessRole, processRoles } from '../roles.ts';
import { CliError } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const key256 = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === 32, 'must be 32 bytes in base64 (openssl rand -base64 32)');

const rolePassword = z.string().min(16, 'must have at least 16 characters').optional();

const schema = z.object({
  /** The admin's: a superuser, or a role with CREATEROLE that owns the database. */
  DATABASE_URL: z
    .string()
    .refine(
      (url) => /^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? ''),
      'must be a URL that begins with postgres://',
    )
    .optional(),
  SIGNET_HOME: z.string().default('.signet'),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development'),
  SEED: z.enum(['development'], "must be 'development' or absent").optional(),
  PASSWORD_PEPPER: key256.optional(),
  STAFF_PASSWORD: z.string().optional(),
  ...Object.fromEntries(processRoles.map((role) => [passwordVariable(role), rolePassword])),
});

export type CliConfig = Readonly<
  Omit<z.output<typeof schema>, 'STAFF_PASSWORD'> & {
    /** All of them or none. */
    rolePasswords: Record<ProcessRole, string> | undefined;
    staffPassword: string | undefined;
  }
>;

/** Reads the environment; a variable X may come from the file that X_FILE names. Throws one CliError for all faults. */
export function readConfig(env: Environment): CliConfig {
  const faults: string[] = [];
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, readVariable(name, env, faults)]),
  );
  const result = schema.safeParse(values);
  for (const issue of result.error?.issues ?? []) faults.push(`${issue.path.join('.')} ${issue.message}`);
  const rolePasswords = readRolePasswords(values, faults);
  if (!result.success || faults.length > 0) throw new CliError(faults.join('\n'));
  const { STAFF_PASSWORD: staffPassword, ...config } = result.data;
  return Object.freeze({ ...config, rolePasswords, staffPassword });
}

/** `SIGNET_AUTH_USER_PASSWORD` and so on. */
function passwordVariable(role: ProcessRole): string {
  return `${role.toUpperCase()}_PASSWORD`;
}

function readRolePasswords(values: Environment, faults: string[]): Record<ProcessRole, string> | undefined {
  const missing = processRoles.filter((role) => values[passwordVariable(role)] === undefined);
  if (missing.length === processRoles.length) return undefined;
  faults.push(
    ...missing
      .map(passwordVariable)
      .filter((name) => !faults.some((fault) => fault.startsWith(`${name}_FILE `)))
      .map((name) => `${name} is not set, though other roles' passwords are`),
  );
  return Object.fromEntries(
    processRoles.map((role) => [role, values[passwordVariable(role)] ?? '']),
  ) as Record<ProcessRole, string>;
}

function readVariable(name: string, env: Environment, faults: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  // A secret on the command line or in the environment of a shell stays in its history: this one comes from a file or stdin.
  if (!path) return name === 'STAFF_PASSWORD' ? undefined : env[name] || undefined;
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch (error) {
    faults.push(`${name}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}
