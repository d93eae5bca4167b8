import { readClientPrefix } from '@signet/flow';
import type { Platform } from '@signet/schema/contract';
import { type Logger, RefusalError } from '@signet/service';
import type { ThrottleConfig } from '../settings.ts';
import { createGrowingDelay, type DelayLimits } from './growing-delay.ts';
import { createRunningAttempts, type EndAttempt, startOrWait } from './running-attempts.ts';
import {
  createThrottleKeys,
  openThrottleStore,
  type ThrottleKeys,
  type ThrottleStore,
} from './throttle-store.ts';

export type AttemptSubject = {
  tenantId: string;
  /** Normalised; undefined for a text that is no e-mail. Whether there is such an account makes no difference. */
  email: string | undefined;
  address: string | null;
};

/** An attempt that may go on. It counts as a failure until it succeeds or is cancelled. */
export type Attempt = {
  succeed(): Promise<void>;
  /** The credentials were wrong. */
  fail(): Promise<void>;
  /** The password was not compared: the queue was full, or the database was down. */
  cancel(): Promise<void>;
};

export type SignInThrottle = {
  /**
   * Counts an attempt to sign in. Undefined: the account is in a pause; the answer must look like a wrong password.
   *
   * @throws {RefusalError} auth.throttled when the client's address is in a pause.
   */
  begin(subject: AttemptSubject): Promise<Attempt | undefined>;
  /** @throws {RefusalError} auth.throttled. Counts each attempt to make an account, also those that succeed. */
  countRegistration(address: string | null): Promise<void>;
  /** Marks the address as known for the account: attempts of strangers elsewhere no longer delay its owner here. */
  remember(subject: AttemptSubject): Promise<void>;
  /** Counts a guess at the password of an account by a holder of its token. @throws {RefusalError} auth.throttled */
  beginChange(accountId: string): Promise<Attempt>;
};

/** One platform's limits by what they count. */
type ThrottleLimits = Record<'pair' | 'account' | 'address' | 'registration' | 'change', DelayLimits> & {
  knownSeconds: number;
};

function readThrottleLimits(config: ThrottleConfig): ThrottleLimits {
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

type OpenOptions = {
  config: ThrottleConfig & { PASSWORD_PEPPER: Uint8Array };
  platform: Platform;
  logger: Logger;
  databaseUrl: string;
};

/** Opens a platform's limits on sign-in, as configured, on the platform's own table. */
export function openSignInThrottle({ config, platform, logger, databaseUrl }: OpenOptions): {
  throttle: SignInThrottle;
  close(): Promise<void>;
} {
  const maxRows = config.THROTTLE_MAX_ROWS;
  const store = openThrottleStore({ databaseUrl, platform, log: logger, maxRows });
  const keyOf = createThrottleKeys(config.PASSWORD_PEPPER, platform);
  const throttle = createSignInThrottle(store, keyOf, readThrottleLimits(config));
  return { throttle, close: () => store.close() };
}

/**
 * Slows down the guesser without locking out the owner. Three counters, each with its own pauses:
 * - account and address together: attempts of one client at one account. A success clears it.
 * - the address: attempts of one client at all accounts.
 * - the account: attempts of many clients at one account. A stranger can fill this one, so it does not apply to addresses
 *   from which somebody signed in to the account before. Neither does the counter of the address, which a neighbour behind
 *   the same address can fill. There, only the first counter applies.
 */
export function createSignInThrottle(
  store: ThrottleStore,
  keyOf: ThrottleKeys,
  limits: ThrottleLimits,
): SignInThrottle {
  const pairs = createGrowingDelay(store, 'pair', limits.pair);
  const accounts = createGrowingDelay(store, 'account', limits.account);
  const addresses = createGrowingDelay(store, 'address', limits.address);
  const registrations = createGrowingDelay(store, 'registration', limits.registration);
  const changes = createGrowingDelay(store, 'change', limits.change);
  const known = store.createLimiter('known', { points: 1, durationSeconds: limits.knownSeconds });
  const keysOf = ({ tenantId, email = '', address }: AttemptSubject) => {
    const prefix = readClientPrefix(address).address;
    return {
      account: keyOf('account', tenantId, email),
      address: keyOf('address', prefix),
      pair: keyOf('pair', tenantId, email, prefix),
    };
  };
  const assertFree = (waitMs: number) => {
    if (waitMs > 0) {
      throw new RefusalError('auth.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    }
  };
  const remember = (key: string) => known.set(key, 1, limits.knownSeconds);
  const running = createRunningAttempts();
  const start = async (key: ReturnType<typeof keysOf>, end: EndAttempt): Promise<Attempt | undefined> => {
    const isKnown = (await known.get(key.pair)) !== null;
    if (!isKnown) {
      assertFree(await addresses.take(key.address));
    }
    const giveBackShared = async () => {
      if (!isKnown) await Promise.all([addresses.giveBack(key.address), accounts.giveBack(key.account)]);
    };
    // These passwords are not compared: they are no failures of the address, which others may share.
    if ((await pairs.take(key.pair)) > 0) {
      if (!isKnown) await addresses.giveBack(key.address);
      return undefined;
    }
    if (!isKnown && (await accounts.take(key.account)) > 0) {
      await Promise.all([pairs.giveBack(key.pair), addresses.giveBack(key.address)]);
      return undefined;
    }
    return {
      succeed: () => clear(end, [pairs.forget(key.pair), remember(key.pair), giveBackShared()]),
      fail: async () => end(false),
      cancel: () => clear(end, [pairs.giveBack(key.pair), giveBackShared()]),
    };
  };
  return {
    begin(subject) {
      const key = keysOf(subject);
      return startOrWait(running, key.pair, (end) => start(key, end));
    },
    async countRegistration(address) {
      assertFree(await registrations.take(keyOf('registration', readClientPrefix(address).address)));
    },
    async remember(subject) {
      await remember(keysOf(subject).pair);
    },
    async beginChange(accountId) {
      const key = keyOf('change', accountId);
      assertFree(await changes.take(key));
      return {
        succeed: () => changes.forget(key),
        fail: async () => {},
        cancel: () => changes.giveBack(key),
      };
    },
  };
}

async function clear(end: EndAttempt, changes: readonly Promise<unknown>[]): Promise<void> {
  try {
    await Promise.all(changes);
  } finally {
    end(true);
  }
}

/** Runs the attempt itself. Only a refusal of the credentials leaves it counted as a failure. */
export async function runAttempt<T>(attempt: Attempt, fn: () => Promise<T>): Promise<T> {
  try {
    const result = await fn();
    await attempt.succeed();
    return result;
  } catch (error) {
    const end = isWrongCredential(error) ? attempt.fail() : attempt.cancel();
    await end.catch(() => {}); // The first error is the one to report.
    throw error;
  }
}

function isWrongCredential(error: unknown): boolean {
  return (
    error instanceof RefusalError &&
    (error.reason === 'auth.failure.invalid_credentials' || error.code === 'BAD_USER_INPUT')
  );
}
