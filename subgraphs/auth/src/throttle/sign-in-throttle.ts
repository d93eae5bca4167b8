import type { Platform } from '@signet/schema/contract';
import { type Logger, RefusalError } from '@signet/service';
import { type Attempt, clear } from './attempt.ts';
import { listClientNetworks } from './client-networks.ts';
import { createGrowingDelay, type DelayLimits, type GrowingDelay } from './growing-delay.ts';
import { createNetworkDelays, type NetworkKeys } from './network-delays.ts';
import { createRunningAttempts, type EndAttempt } from './running-attempts.ts';
import { lineOf, readThrottleLimits, type ThrottleLimits } from './throttle-limits.ts';
import type { ThrottleConfig } from './throttle-settings.ts';
import {
  createThrottleKeys,
  openThrottleStore,
  type ThrottleKeys,
  type ThrottleStore,
} from './throttle-store.ts';

export type AttemptSubject = {
  tenantId: string;
  /** As the account that it reaches has it; undefined for a text that is no e-mail. Whether there is such an account makes no difference. */
  email: string | undefined;
  address: string | null;
  /** The id of a device that is known for the account, by its device token. */
  device?: string | undefined;
};

/** Under whose counters an attempt goes: those of a known device, or those that strangers share. */
export type AttemptWay = 'device' | 'stranger';

type Pause = {
  /** How long the address has to wait, in ms: 0 where only the account does. */
  addressWait: number;
  /** The rows that count who asks meanwhile. */
  askingRows: readonly string[];
};

/** Each has counters of its own: who registers with somebody's address again and again must not use up the mail that resets their password. */
export type MailPurpose = 'register' | 'reset' | 'change' | 'verify';

export type SignInThrottle = {
  /**
   * Lets an attempt to sign in go on, or gives undefined: a pause runs, and the answer must look like a wrong password. `attempt` is told
   * under whose counters it goes, and calls `begin` when the compare is about to begin: only that makes rows. It gives undefined where
   * `begin` does.
   *
   * While an attempt runs under the same counter, one that comes too early waits for it: a success clears the counter. So many tabs
   * that sign in at once all get in, and nobody gets another guess.
   *
   * @throws {RefusalError} auth.throttled when the client's address is in a pause.
   */
  run<T>(
    subject: AttemptSubject,
    attempt: (way: AttemptWay, begin: () => Promise<Attempt | undefined>) => Promise<T | undefined>,
  ): Promise<T | undefined>;
  /** @throws {RefusalError} auth.throttled. Counts each attempt to make an account, also those that succeed. */
  countRegistration(address: string | null): Promise<void>;
  /** @throws {RefusalError} auth.throttled. Counts each request for a mail to an address that the client only claims to have. */
  countMailRequest(address: string | null): Promise<void>;
  /**
   * Counts a mail that others than its reader can ask for, and returns 0 where it may go now; else the rest of the pause in ms. Whether
   * the mailbox has an account makes no difference.
   */
  takeMail(mailbox: { tenantId: string; email: string; purpose: MailPurpose }): Promise<number>;
  /** Marks the address as known for the account: attempts of strangers elsewhere no longer delay its owner here. */
  remember(subject: AttemptSubject): Promise<void>;
  /** Counts a guess at the password of an account by a holder of its token. @throws {RefusalError} auth.throttled */
  beginChange(accountId: string): Promise<Attempt>;
  /**
   * Counts a guess at the second factor of an account by somebody who has its password. A known device has a counter of its own, so that
   * a thief of the password does not keep the owner out. @throws {RefusalError} auth.throttled
   */
  beginFactor(accountId: string, device?: string): Promise<Attempt>;
  /** Counts an attempt to sign in with a passkey, of which no account is known, by the client's networks. @throws {RefusalError} auth.throttled */
  beginPasskey(address: string | null): Promise<Attempt>;
};

type OpenOptions = {
  config: ThrottleConfig;
  /** Names the counters. */
  key: Uint8Array;
  platform: Platform;
  logger: Logger;
  databaseUrl: string;
  /** Called for each attempt that is refused, with what was counted. */
  onThrottled?: ((kind: string) => void) | undefined;
};

/** Opens a platform's limits on sign-in, as configured, on the platform's own table. */
export function openSignInThrottle({
  config,
  key,
  platform,
  logger,
  databaseUrl,
  onThrottled,
}: OpenOptions): {
  throttle: SignInThrottle;
  close(): Promise<void>;
} {
  const maxRows = config.THROTTLE_MAX_ROWS;
  const store = openThrottleStore({ databaseUrl, platform, log: logger, maxRows });
  const keyOf = createThrottleKeys(key);
  const throttle = createSignInThrottle(store, keyOf, readThrottleLimits(config), onThrottled);
  return { throttle, close: () => store.close() };
}

/**
 * Slows down the guesser without locking out the owner. A known device has a counter of its own, and while that one is in a pause
 * it is a stranger like others, so a stolen device token gives a few guesses more and takes nothing from the owner. Strangers have:
 * - account and address together: attempts of one client at one account. A success clears it.
 * - the address: attempts of one client at all accounts, and the times that it asked in a pause.
 * - the account: attempts of many clients at one account, in three lines, so that those who go on trying cannot keep out who comes
 *   for the first time.
 *
 * Other people can fill the last two, so neither applies at addresses from which somebody signed in to the account before.
 */
export function createSignInThrottle(
  store: ThrottleStore,
  keyOf: ThrottleKeys,
  limits: ThrottleLimits,
  onThrottled: (kind: string) => void = () => {},
): SignInThrottle {
  const growing = (name: string, of: DelayLimits) => {
    const delay = createGrowingDelay(store, name, of);
    return { ...delay, take: (key: string) => noteThrottled(delay.take(key), name, onThrottled) };
  };
  const networks = (name: string, of: DelayLimits) => {
    const delays = createNetworkDelays(store, name, of);
    return { ...delays, take: (keys: NetworkKeys) => noteThrottled(delays.take(keys), name, onThrottled) };
  };
  const devices = growing('device', limits.device);
  const pairs = networks('pair', limits.pair);
  const addresses = networks('address', limits.address);
  const lines = {
    first: growing('account-first', limits.first),
    second: growing('account-second', limits.second),
    later: growing('account', limits.later),
  };
  const registrations = networks('registration', limits.registration);
  const mailRequests = networks('mail-request', limits.mailRequest);
  const mails = growing('mail', limits.mail);
  const changes = growing('change', limits.change);
  const factors = growing('factor', limits.factor);
  const passkeys = networks('passkey', limits.passkey);
  const known = store.createLimiter('known', { points: 1, durationSeconds: limits.knownSeconds });
  const running = createRunningAttempts();

  const keysOf = ({ tenantId, email = '', address, device }: AttemptSubject) => {
    const networks = listClientNetworks(address);
    const toKeys = (toKey: (prefix: string) => string) =>
      networks.map(({ prefix, share }) => ({ key: toKey(prefix), share }));
    const pair = toKeys((prefix) => keyOf('pair', tenantId, email, prefix));
    return {
      account: keyOf('account', tenantId, email),
      addresses: toKeys((prefix) => keyOf('address', prefix)),
      pair,
      known: pair[0]?.key ?? '',
      device: device === undefined ? undefined : keyOf('device', device),
    };
  };
  const networkKeys = (name: string, address: string | null) =>
    listClientNetworks(address).map(({ prefix, share }) => ({ key: keyOf(name, prefix), share }));
  type Keys = ReturnType<typeof keysOf>;
  const remember = (key: Keys) => known.set(key.known, 1, limits.knownSeconds);
  const runningKey = (key: Keys, way: AttemptWay) => (way === 'device' && key.device) || key.known;

  const beginOfDevice = async (key: Keys, device: string, end: EndAttempt): Promise<Attempt | undefined> => {
    if ((await devices.take(device)) > 0) return undefined;
    return {
      succeed: () => clear(end, [devices.forget(device), remember(key)]),
      fail: async () => end(false),
      cancel: () => clear(end, [devices.giveBack(device)]),
    };
  };
  const beginOfStranger = async (key: Keys, end: EndAttempt): Promise<Attempt | undefined> => {
    if ((await known.get(key.known)) !== null) {
      const own = key.pair.slice(0, 1);
      if ((await pairs.take(own)) > 0) return undefined;
      return {
        succeed: () => clear(end, [pairs.forget(own), remember(key)]),
        fail: async () => end(false),
        cancel: () => clear(end, [pairs.giveBack(own)]),
      };
    }
    if ((await addresses.take(key.addresses)) > 0) return undefined;
    if ((await pairs.take(key.pair)) > 0) {
      await addresses.giveBack(key.addresses);
      return undefined;
    }
    const attempts = pairs.countOf(await store.read(pairs.countRows(key.pair)), key.pair);
    const line = lines[lineOf(attempts)];
    if ((await line.take(key.account)) > 0) {
      await Promise.all([pairs.giveBack(key.pair), addresses.giveBack(key.addresses)]);
      return undefined;
    }
    const giveBackShared = () => [addresses.giveBack(key.addresses), line.giveBack(key.account)];
    return {
      succeed: () => clear(end, [pairs.forget(key.pair), remember(key), ...giveBackShared()]),
      fail: async () => end(false),
      cancel: () => clear(end, [pairs.giveBack(key.pair), ...giveBackShared()]),
    };
  };
  /** Under whose counters an attempt could be made now; else the pause that runs. */
  const findWay = async (key: Keys): Promise<AttemptWay | Pause> => {
    const knownRow = `known:${key.known}`;
    const rows = await store.read([
      knownRow,
      ...(key.device === undefined ? [] : [devices.pauseRow(key.device)]),
      ...pairs.pauseRows(key.pair),
      ...pairs.countRows(key.pair),
      ...addresses.pauseRows(key.addresses),
      ...addresses.countRows(key.addresses),
      ...Object.values(lines).map((line) => line.pauseRow(key.account)),
    ]);
    if (key.device !== undefined && devices.waitOf(rows, key.device) === 0) return 'device';
    const pauseOf = (addressWait: number) => ({
      addressWait,
      askingRows: addresses.askingRows(rows, key.addresses),
    });
    if (rows.has(knownRow)) return pairs.waitOf(rows, key.pair.slice(0, 1)) > 0 ? pauseOf(0) : 'stranger';
    const addressWait = addresses.waitOf(rows, key.addresses);
    const line = lines[lineOf(pairs.countOf(rows, key.pair, 1))];
    const accountWait = Math.max(pairs.waitOf(rows, key.pair), line.waitOf(rows, key.account));
    return addressWait > 0 || accountWait > 0 ? pauseOf(addressWait) : 'stranger';
  };
  const begin = async (key: Keys, way: AttemptWay): Promise<Attempt | undefined> => {
    const end = running.begin(runningKey(key, way));
    const attempt = await (way === 'device' && key.device !== undefined
      ? beginOfDevice(key, key.device, end)
      : beginOfStranger(key, end)
    ).catch((error: unknown) => {
      end(false);
      throw error;
    });
    if (!attempt) end(false);
    return attempt;
  };
  return {
    async run(subject, attempt) {
      const key = keysOf(subject);
      for (;;) {
        const way = await findWay(key);
        if (typeof way === 'string') {
          const result = await attempt(way, () => begin(key, way));
          if (result !== undefined) return result;
          await running.waitForCleared(runningKey(key, way));
        } else if (!(await running.waitForCleared(key.known))) {
          // Asking in a pause is no attempt, but it is not free: who does nothing else has the address in a pause soon.
          await store.addPoint(way.askingRows);
          onThrottled('asked');
          refusePause(way.addressWait);
          return undefined;
        }
      }
    },
    async countRegistration(address) {
      refusePause(await registrations.take(networkKeys('registration', address)));
    },
    async beginPasskey(address) {
      const keys = networkKeys('passkey', address);
      refusePause(await passkeys.take(keys));
      return {
        succeed: () => passkeys.giveBack(keys),
        fail: async () => {},
        cancel: () => passkeys.giveBack(keys),
      };
    },
    async countMailRequest(address) {
      refusePause(await mailRequests.take(networkKeys('mail-request', address)));
    },
    takeMail: ({ tenantId, email, purpose }) => mails.take(keyOf('mail', purpose, tenantId, email)),
    async remember(subject) {
      await remember(keysOf(subject));
    },
    beginChange: (accountId) => beginOwn(changes, keyOf('change', accountId)),
    beginFactor: (accountId, device) =>
      beginOwn(factors, keyOf('factor', accountId, ...(device === undefined ? [] : [device]))),
  };
}

async function noteThrottled(
  taking: Promise<number>,
  kind: string,
  onThrottled: (kind: string) => void,
): Promise<number> {
  const wait = await taking;
  if (wait > 0) onThrottled(kind);
  return wait;
}

/** An attempt at one counter, which a success clears. @throws {RefusalError} auth.throttled */
async function beginOwn(delay: GrowingDelay, key: string): Promise<Attempt> {
  refusePause(await delay.take(key));
  return {
    succeed: () => delay.forget(key),
    fail: async () => {},
    cancel: () => delay.giveBack(key),
  };
}

/** @throws {RefusalError} auth.throttled, where there is something to wait for. */
export function refusePause(waitMs: number): void {
  if (waitMs > 0) {
    throw new RefusalError('auth.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
  }
}
