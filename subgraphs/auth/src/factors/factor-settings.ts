import { isStaffRole, type Platform, type StaffRole, staffRoles } from '@signet/schema/contract';
import { hasProductionSurface, type SurfaceConfig } from '@signet/service';
import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { createFactorSecrets, type FactorSecrets } from './factor-secrets.ts';

const day = 24 * 3600;

const days = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number of days, 0 for never')
  .transform(Number);

/** The roles that need a second factor. */
const requiringRoles = z
  .string()
  .transform((text) => text.split(',').map((role) => role.trim()))
  .refine(
    (words) => words.every(isStaffRole) || ['required', 'optional'].includes(words.join()),
    `must be required, optional, or roles separated by commas: ${staffRoles.join(', ')}`,
  )
  .transform((words): readonly StaffRole[] => {
    if (words[0] === 'required') return staffRoles;
    return words.filter(isStaffRole);
  });

export const factorConfigFields = {
  STAFF_MFA: requiringRoles
    .optional()
    .describe(
      'Who of the staff needs a second factor: `required` for everyone, `optional`, or roles separated by commas. By default `required` in production (NODE_ENV, or SURFACE), else `optional`.',
    ),
  USER_REMEMBER_DEVICE_DAYS: days
    .default(30)
    .describe(
      'Days for which a customer can have the second factor not asked for on a device. 0: it is always asked for.',
    ),
  PORTAL_REMEMBER_DEVICE_DAYS: days.default(0).describe('The same for staff.'),
};

/** What a platform asks of second factors. */
export type FactorPolicy = {
  secrets: FactorSecrets;
  /** Seconds for which a device can be remembered; 0 for never. */
  rememberSeconds: number;
  /** Whether an account may have no session without a second factor. */
  areRequiredOf(account: Account & { role?: unknown }): boolean;
};

type FactorConfig = z.output<z.ZodObject<typeof factorConfigFields>> & SurfaceConfig;

/** @param secrets the first seals, all open. */
export function createFactorPolicy(
  config: FactorConfig,
  platform: Platform,
  secrets: readonly Uint8Array[],
): FactorPolicy {
  const byDefault: readonly StaffRole[] = hasProductionSurface(config) ? staffRoles : [];
  const roles: readonly unknown[] = platform === 'portal' ? (config.STAFF_MFA ?? byDefault) : [];
  const rememberDays =
    platform === 'user' ? config.USER_REMEMBER_DEVICE_DAYS : config.PORTAL_REMEMBER_DEVICE_DAYS;
  return {
    secrets: createFactorSecrets(secrets, platform),
    rememberSeconds: rememberDays * day,
    areRequiredOf: ({ role }) => roles.includes(role),
  };
}
