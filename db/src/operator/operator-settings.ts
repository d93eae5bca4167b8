import { z } from 'zod';
import { type ProcessRole, processRoles } from '../roles.ts';

/** As `configFields` of @signet/service, which the database does not import, marks the field of a secret. */
const secretMark = { isSecret: true };

/** As auth has it: the first key is in use, a further line for each other one that stored hashes may have. */
const keys256 = z
  .string()
  .transform((text) =>
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((key) => Buffer.from(key, 'base64')),
  )
  .refine(
    (keys) => keys.length > 0 && keys.every((key) => key.length === 32),
    'must be 32 bytes in base64 (openssl rand -base64 32)',
  )
  .meta(secretMark);

const rolePassword = z.string().min(16, 'must have at least 16 characters').meta(secretMark).optional();

/** Variables of `npm run db`. */
export const operatorConfigSchema = z.object({
  DATABASE_URL: z
    .string()
    .refine(
      (url) => /^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? ''),
      'must be a URL that begins with postgres://',
    )
    .meta(secretMark)
    .optional()
    .describe(
      'The database as its administrator: a superuser, or a role with CREATEROLE that owns the database. By default the embedded one in SIGNET_HOME.',
    ),
  SIGNET_HOME: z
    .string()
    .default('.signet')
    .describe('The folder of the embedded database and the development secrets.'),
  NODE_ENV: z
    .enum(['development', 'production', 'test'], 'must be development, production or test')
    .default('development')
    .describe('`production` refuses the development seed and the embedded database.'),
  SEED: z
    .enum(['development'], "must be 'development' or absent")
    .optional()
    .describe('`development` allows `npm run db -- seed`.'),
  PASSWORD_PEPPER: keys256
    .optional()
    .describe('The pepper that auth uses, for a new member of staff and the seed.'),
  PORTAL_APP_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe("The staff's frontend, as auth has it: `create-staff` prints a link to it."),
  STAFF_PASSWORD: z
    .string()
    .meta(secretMark)
    .optional()
    .describe(
      'The password of a new member of staff, for `create-staff --with-password`, only as STAFF_PASSWORD_FILE. By default standard input.',
    ),
  ...Object.fromEntries(
    processRoles.map((role) => [
      passwordVariable(role),
      rolePassword.describe(
        `The password of the database role \`${role}\`. Set the passwords of all roles, or of none to leave them as they are.`,
      ),
    ]),
  ),
});

/** `SIGNET_AUTH_USER_PASSWORD` and so on. */
export function passwordVariable(role: ProcessRole): string {
  return `${role.toUpperCase()}_PASSWORD`;
}
