import type { DelayLimits } from './growing-delay.ts';
import type { ThrottleConfig } from './throttle-settings.ts';

/**
 * Where strangers who try one account wait: at their first attempt, at the next two, and after that. Those who go on trying
 * cannot fill the lines of those who have just come.
 */
export type AccountLine = 'first' | 'second' | 'later';

const daySeconds = 86_400;

/** One platform's limits by what they count. */
export type ThrottleLimits = Record<
  | 'device'
  | 'pair'
  | 'address'
  | 'registration'
  | 'change'
  | 'factor'
  | 'passkey'
  | 'mailRequest'
  | 'mail'
  | AccountLine,
  DelayLimits
> & { knownSeconds: number };

export function readThrottleLimits(config: ThrottleConfig): ThrottleLimits {
  const windowSeconds = config.THROTTLE_WINDOW_SECONDS;
  const own = { windowSeconds, maxDelaySeconds: config.THROTTLE_MAX_DELAY_SECONDS };
  const shared = { windowSeconds, maxDelaySeconds: config.THROTTLE_SHARED_DELAY_SECONDS };
  const account = { ...shared, free: config.THROTTLE_ACCOUNT_FAILURES };
  const newcomers = { ...account, maxDelaySeconds: config.THROTTLE_NEWCOMER_DELAY_SECONDS };
  return {
    device: { ...own, free: config.THROTTLE_PAIR_FAILURES },
    pair: { ...own, free: config.THROTTLE_PAIR_FAILURES },
    change: { ...own, free: config.THROTTLE_PAIR_FAILURES },
    factor: {
      free: config.THROTTLE_PAIR_FAILURES,
      // Six digits can be guessed by whoever has long enough: some 40 guesses a day, of which three of a million are right.
      windowSeconds: Math.max(windowSeconds, daySeconds),
      maxDelaySeconds: config.THROTTLE_FACTOR_DELAY_SECONDS,
    },
    first: newcomers,
    second: newcomers,
    later: account,
    address: { ...shared, free: config.THROTTLE_ADDRESS_FAILURES },
    passkey: { ...shared, free: config.THROTTLE_ADDRESS_FAILURES },
    registration: { ...own, free: config.THROTTLE_REGISTRATIONS },
    mailRequest: { ...own, free: config.THROTTLE_MAIL_REQUESTS },
    mail: { ...own, free: config.THROTTLE_MAILS },
    knownSeconds: config.THROTTLE_KNOWN_ADDRESS_SECONDS,
  };
}

/** `attempts`: those of the client at the account, this one included. */
export function lineOf(attempts: number): AccountLine {
  if (attempts <= 1) return 'first';
  return attempts <= 3 ? 'second' : 'later';
}
