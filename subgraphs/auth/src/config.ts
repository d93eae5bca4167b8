import { maxAccessTokenSeconds, type Platform, signingAlgorithms } from '@signet/schema/contract';
import { configFields, processConfigFields } from '@signet/service';
import { findRevocationFaults, issuerConfigFields, revocationConfigFields } from '@signet/session';
import { findProofFaults, proofConfigFields } from '@signet/subgraph';
import { z } from 'zod';
import { findConfigFaults } from './config-faults.ts';
import { passwordThreadFields } from './passwords/password-thread-config.ts';
import { throttleFields } from './throttle/throttle-config.ts';

const hour = 3600;
const day = 24 * hour;
const algorithm = z.enum(signingAlgorithms, `must be one of ${signingAlgorithms.join(', ')}`).optional();
const rotationDays = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a whole number of days, 0 for never')
  .transform(Number)
  .optional();

/** What revokes a session is forgotten after that time. */
const accessTokenSeconds = configFields.seconds.refine(
  (seconds) => seconds <= maxAccessTokenSeconds,
  `must be at most ${maxAccessTokenSeconds}: so long revocations are kept`,
);

/** What a process needs of each platform that it holds. Optional here; AUTH_PLATFORMS says which must be set. */
export const platformConfigFields = {
  USER_DATABASE_URL: configFields.postgresUrl.optional(),
  PORTAL_DATABASE_URL: configFields.postgresUrl.optional(),
  /** Seals the platform's private keys in the database. */
  USER_KEY_ENCRYPTION_KEY: configFields.key256.optional(),
  PORTAL_KEY_ENCRYPTION_KEY: configFields.key256.optional(),
  /** The keys as PEM instead of in the database; *_FILE names a file. The public ones: others whose tokens still hold. */
  USER_PRIVATE_KEY: z.string().optional(),
  PORTAL_PRIVATE_KEY: z.string().optional(),
  USER_PUBLIC_KEYS: z.string().optional(),
  PORTAL_PUBLIC_KEYS: z.string().optional(),
  /** Only for the platform that this process does not hold: to recognise its tokens. */
  USER_JWKS_URL: issuerConfigFields.USER_JWKS_URL.optional(),
  PORTAL_JWKS_URL: issuerConfigFields.PORTAL_JWKS_URL.optional(),
  /** Of the next key pair that is made; without it that of the one in use, EdDSA for the first. */
  USER_SIGNING_ALGORITHM: algorithm,
  PORTAL_SIGNING_ALGORITHM: algorithm,
  /** A new key signs so long after the one before; 0: only by `npm run keys -- rotate`. 30 if not set. */
  USER_KEY_ROTATION_DAYS: rotationDays,
  PORTAL_KEY_ROTATION_DAYS: rotationDays,
  USER_ACCESS_TOKEN_SECONDS: accessTokenSeconds.default(900),
  PORTAL_ACCESS_TOKEN_SECONDS: accessTokenSeconds.default(600),
  USER_REFRESH_IDLE_SECONDS: configFields.seconds.default(30 * day),
  USER_REFRESH_ABSOLUTE_SECONDS: configFields.seconds.default(90 * day),
  PORTAL_REFRESH_IDLE_SECONDS: configFields.seconds.default(8 * hour),
  PORTAL_REFRESH_ABSOLUTE_SECONDS: configFields.seconds.default(12 * hour),
};

export const authConfigSchema = z
  .object({
    ...processConfigFields,
    ...platformConfigFields,
    ISSUER_URL: issuerConfigFields.ISSUER_URL,
    JWKS_INSECURE: issuerConfigFields.JWKS_INSECURE,
    ...revocationConfigFields,
    ...proofConfigFields,
    /** Slug of the tenant of a request that names none. */
    DEFAULT_TENANT: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the slug of a tenant'),
    /** The platforms whose keys, sessions and accounts this process holds. */
    AUTH_PLATFORMS: z.enum(['user', 'portal', 'both'], 'must be user, portal or both'),
    /** Goes into every password hash; kept outside the database. */
    PASSWORD_PEPPER: configFields.key256,
    /** Seals the audit log; kept outside the database, so that who can write there can't seal what was changed. */
    AUDIT_KEY: configFields.key256,
    ...passwordThreadFields,
    ...throttleFields,
  })
  .superRefine((config, issues) => {
    for (const { variable, fault } of [
      ...findConfigFaults(config),
      ...findRevocationFaults(config),
      ...findProofFaults(config),
    ]) {
      issues.addIssue({ code: 'custom', path: [variable], message: fault });
    }
  });

/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type AuthConfig = z.output<typeof authConfigSchema> & { portVariable?: string };

/** How peers.json names this process: for a gateway it matters which platforms it holds. */
export function proofNameOf({ AUTH_PLATFORMS }: Pick<AuthConfig, 'AUTH_PLATFORMS'>): string {
  return AUTH_PLATFORMS === 'both' ? 'auth' : `auth-${AUTH_PLATFORMS}`;
}

/** The platforms that a process with this configuration holds. */
export function heldPlatforms({ AUTH_PLATFORMS }: Pick<AuthConfig, 'AUTH_PLATFORMS'>): readonly Platform[] {
  return AUTH_PLATFORMS === 'both' ? ['user', 'portal'] : [AUTH_PLATFORMS];
}
