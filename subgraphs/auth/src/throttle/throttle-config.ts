import { configFields } from '@signet/service';
import { z } from 'zod';
import type { DelayLimits } from './growing-delay.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const attempts = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1 to 999999999')
  .transform(Number);

/** Limits of sign-in. Failures count; what succeeds is taken off again. */
export const throttleFields = {
  THROTTLE_WINDOW_SECONDS: configFields.seconds.default(hour),
  /** Failures for one account from one client address until pauses begin. */
  THROTTLE_PAIR_FAILURES: attempts.default(5),
  /** Failures for one account from all addresses from which nobody has signed in to it yet. */
  THROTTLE_ACCOUNT_FAILURES: attempts.default(50),
  /** Failures from one client address for all accounts. Offices and providers put many people behind one. */
  THROTTLE_ADDRESS_FAILURES: attempts.default(100),
  /** New accounts from one client address, successful or not. */
  THROTTLE_REGISTRATIONS: attempts.default(20),
  THROTTLE_MAX_DELAY_SECONDS: configFields.seconds.default(5 * minute),
  /** The longest pause for what strangers can fill: an account as a whole, an address as a whole. */
  THROTTLE_SHARED_DELAY_SECONDS: configFields.seconds.default(minute),
  /** For so long an address from which somebody signed in to an account is known for it. */
  THROTTLE_KNOWN_ADDRESS_SECONDS: configFields.seconds.default(30 * day),
  /** Counters that are kept; beyond them those that end first are forgotten. 200,000 take some 50 MB. */
  THROTTLE_MAX_ROWS: attempts.default(200_000),
};

export type ThrottleConfig = z.output<z.ZodObject<typeof throttleFields>>;

/** One platform's limits by what they count. */
export type ThrottleLimits = Record<
  'pair' | 'account' | 'address' | 'registration' | 'change',
  DelayLimits
> & {
  knownSeconds: number;
};

export function readThrottleLimits(config: ThrottleConfig): ThrottleLimits {
  const windowSeconds = config.THROTTLE_WINDOW_SECONDS;
  const own = { windowSeconds, maxDelaySeconds: config.THROTTLE_MAX_DELAY_SECONDS };
  const shared = { windowSeconds, maxDelaySeconds: config.THROTTLE_SHARED_DELAY_SECONDS };
  return {
    pair: { ...own, free: config.THROTTLE_PAIR_FAILURES },
    change: { ...own, free: config.THROTTLE_PAIR_FAILURES },
    account: { ...shared, free: config.THROTTLE_ACCOUNT_FAILURES },
    address: { ...shared, free: config.THROTTLE_ADDRESS_FAILURES },
    registration: { ...own, free: config.THROTTLE_REGISTRATIONS },
    knownSeconds: config.THROTTLE_KNOWN_ADDRESS_SECONDS,
  };
}
