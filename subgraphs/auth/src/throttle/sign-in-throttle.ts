import { RefusalError } from '@signet/service';
import { readClientPrefix } from './client-prefix.ts';
import { createGrowingDelay } from './growing-delay.ts';
import { createRunningAttempts, type EndAttempt, startOrWait } from './running-attempts.ts';
import type { ThrottleLimits } from './throttle-config.ts';
import type { ThrottleKeys } from './throttle-keys.ts';
import type { ThrottleStore } from './throttle-store.ts';

export type AttemptSubject = {
  tenantId: string;
  /** Normalised; undefined for what is no e-mail. Whether there is such an account makes no difference. */
  email: string | undefined;
  address: string | null;
};

/** An attempt that may go on, counted as a failure until it is said to be something else. */
export type Attempt = {
  succeed(): Promise<void>;
  /** The credentials were wrong. */
  fail(): Promise<void>;
  /** Nobody looked at the password: the queue was full, the database gone. */
  cancel(): Promise<void>;
};

export type SignInThrottle = {
  /**
   * Counts an attempt to sign in. Undefined: the account is in a pause, which must look like a wrong password.
   *
   * @throws {RefusalError} auth.throttled when the client's address is in a pause.
   */
  begin(subject: AttemptSubject): Promise<Attempt | undefined>;
  /** @throws {RefusalError} auth.throttled. Counts each attempt to make an account, also those that succeed. */
  countRegistration(address: string | null): Promise<void>;
  /** From now on this address is known for the account: what strangers do elsewhere no longer holds its owner up here. */
  remember(subject: AttemptSubject): Promise<void>;
  /** Counts a guess at the password of an account by one who holds a token of it. @throws {RefusalError} auth.throttled */
  beginChange(accountId: string): Promise<Attempt>;
};

/**
 * Who guesses is slowed down; who is guessed at is not shut out. Three counters, each with its own pauses:
 * - account and address together: what one client does to one account. A success clears it.
 * - the address: what one client does to all accounts.
 * - the account: what many clients do to one account. A stranger can fill this one, so it does not hold for addresses from
 *   which somebody signed in to the account before (and the address's own counter does not either: a neighbour behind the
 *   same address can fill that one). There, only the first counter holds.
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
    // Nobody looks at these passwords: they are no failures of the address, which others may share.
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
