import { jwksMaxAgeSeconds } from '@signet/schema/contract';
import type { Span, Tracing } from '@signet/telemetry/tracing';
import type { JWK } from 'jose';
import { fetchJson } from './fetch-json.ts';
import { type AlgorithmName, type ImportedKeys, importKeys, type VerificationKey } from './jwks.ts';

/** `unavailable`: no key set could be read. This is an outage, not a fault of the caller. */
export type KeyLookup = VerificationKey | 'unknown' | 'unavailable';

/** Where a verifier finds an issuer's public keys. */
export type KeySource = {
  findKey(kid: string): Promise<KeyLookup>;
  /**
   * The key as held now, without a fetch: the same object as long as it is the same key. Undefined if the key is not held any
   * more, or `findKey` would have to fetch.
   */
  peekKey(kid: string): VerificationKey | undefined;
  /** Call it when a key was revoked: fetches the keys at once, since another key signs from now on. */
  refetch(): void;
  /** The reason why no key is available, or undefined. Strangers may read it: it names no address. */
  checkReady(): Promise<string | undefined>;
  /** The public keys as last read, for the JWKS endpoint of an entrance. */
  readJwks(): Promise<{ keys: JWK[] } | undefined>;
  /** The keys as held now, for a source that takes this one's place. */
  held?(): HeldJwks | undefined;
  /** Why the last attempt to read the keys failed, for operators: it names the address. Undefined after one that succeeded. */
  failure?(): string | undefined;
};

type JwksClientOptions = {
  url: string;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** How long after an attempt an unknown kid causes no fetch. */
  cooldownSeconds?: number;
  /** How long keys stay in use while they can't be fetched. After that the issuer counts as unavailable. */
  maxStaleSeconds?: number;
  /** The pause after a failure doubles with each one in a row, up to this. By default it stays one second. */
  maxPauseSeconds?: number;
  fetchJwks?: (url: string, span: Span | undefined) => Promise<unknown>;
  /** Each fetch is a trace of its own: all requests that miss a key wait for the same one. */
  tracing?: Pick<Tracing, 'startWork'> | undefined;
  /** Those that keys are used with. By default those of our own issuers. */
  algorithms?: readonly AlgorithmName[];
  /** Called with the keys of each set that was read, before any of them is used. */
  onKeys?: (keys: Iterable<VerificationKey>) => void;
  /** Called for the first of several attempts in a row that fail for the same reason. */
  onFailure?: (error: unknown) => void;
  /** Keys of a client of the same URL and algorithms, to begin with. They are as old as they were there. */
  known?: HeldJwks | undefined;
};

/** `fetchedAt`: by the clock of the client. */
export type HeldJwks = ImportedKeys & { fetchedAt: number };

const defaultCooldownSeconds = 30;
/** After a revocation the new key may appear a little later: for this time unknown kids are looked up each second. */
const eagerSeconds = 30;
const eagerCooldownMs = 1000;
const defaultMaxStaleSeconds = 12 * 3600;
const pauseAfterFailureMs = 1000;
const maxAgeMs = jwksMaxAgeSeconds * 1000;

/**
 * Reads and caches the JWKS of an issuer (RFC 7517). One fetch at a time. A set past its age stays in use while it is refreshed
 * in the background. If the issuer is down, the last set stays in use for `maxStaleSeconds`. After a failure the next attempt
 * waits, so that an issuer in trouble is not flooded.
 */
export function createJwksClient(options: JwksClientOptions): KeySource {
  const { url, now = () => performance.now(), tracing } = options;
  const { fetchJwks = (address, span) => fetchJson(address, { span }) } = options;
  const cooldownMs = (options.cooldownSeconds ?? defaultCooldownSeconds) * 1000;
  const maxStaleMs = (options.maxStaleSeconds ?? defaultMaxStaleSeconds) * 1000;
  const maxPauseMs = (options.maxPauseSeconds ?? 1) * 1000;
  let loaded = options.known;
  if (loaded) options.onKeys?.(loaded.keys.values());
  let pending: Promise<void> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let failure: string | undefined;
  let eagerUntil = Number.NEGATIVE_INFINITY;

  const load = (): Promise<void> => {
    pending ??= (async () => {
      triedAt = now();
      const span = tracing?.startWork('fetch the keys of an issuer');
      try {
        const imported = await importKeys(await fetchJwks(url, span), options.algorithms);
        const fresh = keepKnownKeys(imported, loaded);
        options.onKeys?.(fresh.keys.values());
        loaded = { ...fresh, fetchedAt: now() };
        failures = 0;
        failure = undefined;
      } catch (error) {
        failedAt = now();
        failures += 1;
        span?.fail(error instanceof Error ? error.name : 'error');
        const isNew = failure !== (error as Error).message;
        failure = (error as Error).message;
        if (isNew) options.onFailure?.(error);
      } finally {
        span?.end();
        pending = undefined;
      }
    })();
    return pending;
  };
  const mayTryAgain = () =>
    now() - failedAt >= Math.min(pauseAfterFailureMs * 2 ** Math.max(failures - 1, 0), maxPauseMs);
  const usable = () => (loaded && now() - loaded.fetchedAt <= maxStaleMs ? loaded : undefined);
  /** Refreshes a set past its age, in the background. */
  const refreshInBackground = ({ fetchedAt }: HeldJwks): Promise<void> | undefined =>
    now() - fetchedAt > maxAgeMs && mayTryAgain() ? load() : undefined;
  /** After hours without a request a set may hold keys that were withdrawn: a lookup waits for a new set, unless the issuer is down. */
  const mustWait = ({ fetchedAt }: HeldJwks) => now() - fetchedAt > 2 * maxAgeMs && failedAt < fetchedAt;
  const refresh = async (): Promise<HeldJwks | undefined> => {
    const current = usable();
    if (!current) {
      await (pending ?? (mayTryAgain() ? load() : undefined));
      return usable();
    }
    const refreshed = refreshInBackground(current);
    if (mustWait(current)) {
      await refreshed;
    }
    return usable();
  };
  const cooldown = () => (now() < eagerUntil ? eagerCooldownMs : cooldownMs);

  return {
    async findKey(kid) {
      const current = await refresh();
      if (!current) {
        return 'unavailable';
      }
      const known = current.keys.get(kid);
      if (known) {
        return known;
      }
      if (pending || (now() - triedAt >= cooldown() && mayTryAgain())) {
        await load();
      }
      return usable()?.keys.get(kid) ?? 'unknown';
    },
    peekKey(kid) {
      if (loaded && now() - loaded.fetchedAt <= maxAgeMs) {
        return loaded.keys.get(kid);
      }
      const current = usable();
      if (!current) {
        return undefined;
      }
      const isWaiting = mustWait(current);
      refreshInBackground(current);
      return isWaiting ? undefined : current.keys.get(kid);
    },
    refetch() {
      eagerUntil = now() + eagerSeconds * 1000;
      // A fetch under way may have been answered before the key was revoked.
      void (pending ?? Promise.resolve()).then(load);
    },
    async checkReady() {
      return (await refresh()) ? undefined : 'the public keys can not be read';
    },
    async readJwks() {
      return (await refresh())?.jwks;
    },
    held: () => loaded,
    failure: () => failure,
  };
}

/** A key that was known before stays the same object, so that tokens verified with it stay in the verifier's cache. */
function keepKnownKeys(fresh: ImportedKeys, known: ImportedKeys | undefined): ImportedKeys {
  const knownJwks = new Map(known?.jwks.keys.map((jwk) => [jwk.kid, JSON.stringify(jwk)]));
  const keys = new Map(fresh.keys);
  for (const jwk of fresh.jwks.keys) {
    const kid = jwk.kid as string;
    const key = knownJwks.get(kid) === JSON.stringify(jwk) ? known?.keys.get(kid) : undefined;
    if (key) {
      keys.set(kid, key);
    }
  }
  return { keys, jwks: fresh.jwks };
}
