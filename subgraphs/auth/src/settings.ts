import { passwordAlgorithms } from '@signet/db/password-hash';
import { maxImpersonatedTokenSeconds, platforms } from '@signet/schema/contract';
import { configFields, processConfigFields } from '@signet/service';
import { findRevocationFaults, issuerConfigFields, revocationConfigFields } from '@signet/session/config';
import { defaultTenantField, findProofFaults, proofConfigFields } from '@signet/subgraph/config';
import { z } from 'zod';
import { auditRetentionField } from './audit/retention-setting.ts';
import { factorConfigFields } from './factors/factor-settings.ts';
import { findMailFaults, mailConfigFields } from './mail/mail-settings.ts';
import { findPasskeyFaults, passkeyConfigFields } from './passkeys/passkey-settings.ts';
import {
  type ConfigFault,
  findPlatformFaults,
  heldPlatforms,
  passwordThreadFields,
  platformConfigFields,
  prefixOf,
} from './platform-settings.ts';
import { serviceConfigFields } from './services/service-settings.ts';
import { countField, throttleFields } from './throttle/throttle-settings.ts';

export { throttleFields } from './throttle/throttle-settings.ts';

const authFields = z.object({
  ...processConfigFields,
  ...platformConfigFields,
  ISSUER_URL: issuerConfigFields.ISSUER_URL,
  JWKS_INSECURE: issuerConfigFields.JWKS_INSECURE,
  ...revocationConfigFields,
  ...proofConfigFields,
  DEFAULT_TENANT: defaultTenantField,
  AUTH_PLATFORMS: z
    .enum(['user', 'portal', 'both'], 'must be user, portal or both')
    .describe(
      'The platforms whose keys, sessions and accounts this process holds: `user`, `portal` or `both`.',
    ),
  PASSWORD_PEPPER: configFields.keys256.describe(
    'Part of every password hash; kept outside the database. A further line for each other pepper that stored hashes may have (docs/keys.md).',
  ),
  PASSWORD_ALGORITHM: z
    .enum(passwordAlgorithms, `must be ${passwordAlgorithms.join(' or ')}`)
    .default('bcrypt')
    .describe(
      'How passwords are hashed from now on: `bcrypt` or `argon2id`. A hash of the other one is made anew when its owner signs in.',
    ),
  AUDIT_KEY: configFields.keys256.describe(
    'Seals the audit log; kept outside the database, so that write access to it is not enough to forge the log. A further line for each other key that seals may have (docs/keys.md).',
  ),
  AUDIT_FAILURES_PER_MINUTE: countField
    .default(60)
    .describe(
      'Failed sign-ins of a platform that get a row each in the audit log. Beyond that rate they are sampled.',
    ),
  AUDIT_RETENTION_DAYS: auditRetentionField,
  AUDIT_VERIFY_HOURS: configFields
    .wholeNumber('must be a number of hours, 1 to 720', { min: 1, max: 720 })
    .default(24)
    .describe(
      'How often each chain of the audit log is verified, in hours. Staff can ask for it at any time (docs/audit.md).',
    ),
  REFUSAL_RECORD_DAYS: configFields
    .wholeNumber('must be a number of days, 1 to 30', { min: 1, max: 30 })
    .default(7)
    .describe(
      'Days for which refused requests are kept, so that staff can see why one was refused (docs/refusals.md).',
    ),
  USAGE_RETENTION_DAYS: configFields
    .wholeNumber('must be a number of days, 7 to 3650', { min: 7, max: 3650 })
    .default(90)
    .describe('Days for which it is kept who asked for which field (docs/usage.md).'),
  ...passwordThreadFields,
  ...mailConfigFields,
  ...factorConfigFields,
  ACCOUNT_DELETION_DAYS: configFields
    .wholeNumber('must be a number of days, 0 to 90', { min: 0, max: 90 })
    .default(14)
    .describe(
      'Days from a customer asking for the end of their account until it is closed and erased. Until then they can keep it.',
    ),
  IMPERSONATION_SECONDS: configFields
    .wholeNumber(`must be a number of seconds, 60 to ${maxImpersonatedTokenSeconds}`, {
      min: 60,
      max: maxImpersonatedTokenSeconds,
    })
    .default(maxImpersonatedTokenSeconds)
    .describe(
      `How long a member of staff may act as a customer with one grant, at most ${maxImpersonatedTokenSeconds}.`,
    ),
  ...passkeyConfigFields,
  PROVIDERS_FILE: z
    .string()
    .optional()
    .describe(
      'Path of a YAML or JSON file whose section `providers` names the identity providers at which people can sign in (docs/identity-providers.md).',
    ),
  ...serviceConfigFields,
  ...throttleFields,
});

export const authConfigSchema = authFields.superRefine((config, issues) => {
  for (const { variable, fault } of [
    ...platforms.flatMap((platform) => findPlatformFaults(config, platform)),
    ...findMailFaults(config, heldPlatforms(config).map(prefixOf)),
    ...findEqualSecrets(config),
    ...findRevocationFaults(config),
    ...findProofFaults(config),
    ...findPasskeyFaults(config),
  ]) {
    issues.addIssue({ code: 'custom', path: [variable], message: fault });
  }
});

type Fields = z.output<typeof authFields>;
/** `portVariable`: the variable to name when the port is taken; the launcher's ports all follow from PORT_BASE. */
export type AuthConfig = Fields & { portVariable?: string };

/** A secret that is used twice is lost twice. */
function findEqualSecrets(config: Fields): ConfigFault[] {
  const names = [
    'PASSWORD_PEPPER',
    'USER_KEY_ENCRYPTION_KEY',
    'PORTAL_KEY_ENCRYPTION_KEY',
    'AUDIT_KEY',
  ] as const;
  return names.flatMap((variable, index) => {
    const same = names
      .slice(0, index)
      .find((earlier) => config[earlier]?.some((key) => config[variable]?.some((own) => own.equals(key))));
    return same ? [{ variable, fault: `must differ from ${same}` }] : [];
  });
}
