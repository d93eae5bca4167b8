import { jwksMaxAgeSeconds } from '@signet/schema/contract';
import type { CryptoKey, JWK } from 'jose';
import { fetchJwksDocument } from './fetch-jwks.ts';
import { importKeys } from './import-keys.ts';

export type VerificationKey = { key: CryptoKey; algorithm: string };
/** `unavailable`: no keys could be had at all, which is an outage and no fault of the caller. */
export type KeyLookup = VerificationKey | 'unknown' | 'unavailable';

/** Where a verifier finds an issuer's public keys. */
export type KeySource = {
  findKey(kid: string): Promise<KeyLookup>;
  /** Reason why no key can be given, or nothing. Strangers may read it: it names no address. */
  checkReady(): Promise<string | undefined>;
  /** The public keys as last read, for an entrance's own JWKS endpoint. */
  readJwks(): Promise<{ keys: JWK[] } | undefined>;
};

type JwksClientOptions = {
  url: string;
  /** Milliseconds of a clock that nobody sets back. */
  now?: () => number;
  /** An unknown kid causes a fetch only when the last attempt is so long ago. */
  cooldownSeconds?: number;
  /** How long keys may be used that can't be read anew. After it the issuer counts as unavailable. */
  maxStaleSeconds?: number;
  fetchJwks?: (url: string) => Promise<unknown>;
  /** Told of each failed attempt. */
  onFailure?: (error: unknown) => void;
};

type LoadedKeys = { keys: ReadonlyMap<string, VerificationKey>; jwks: { keys: JWK[] }; fetchedAt: number };

const defaultCooldownSeconds = 30;
const defaultMaxStaleSeconds = 12 * 3600;
const pauseAfterFailureMs = 1000;
const maxAgeMs = jwksMaxAgeSeconds * 1000;

/**
 * Reads an issuer's JWKS (RFC 7517) and keeps it. One fetch at a time; a set past its age is refreshed in the background
 * and used meanwhile; when the issuer is down the last set stays in use up to `maxStaleSeconds`; after a failure the next
 * attempt waits, so that an issuer in trouble is not flooded.
 */
export function createJwksClient(options: JwksClientOptions): KeySource {
  const { url, now = () => performance.now(), fetchJwks = fetchJwksDocument } = options;
  const cooldownMs = (options.cooldownSeconds ?? defaultCooldownSeconds) * 1000;
  const maxStaleMs = (options.maxStaleSeconds ?? defaultMaxStaleSeconds) * 1000;
  let loaded: LoadedKeys | undefined;
  let pending: Promise<void> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;

  const load = (): Promise<void> => {
    pending ??= (async () => {
      triedAt = now();
      try {
        loaded = { ...(await importKeys(await fetchJwks(url))), fetchedAt: now() };
      } catch (error) {
        failedAt = now();
        options.onFailure?.(error);
      } finally {
        pending = undefined;
      }
    })();
    return pending;
  };
  const mayTryAgain = () => now() - failedAt >= pauseAfterFailureMs;
  const usable = () => (loaded && now() - loaded.fetchedAt <= maxStaleMs ? loaded : undefined);
  const refresh = async (): Promise<LoadedKeys | undefined> => {
    const current = usable();
    if (!current) {
      await (pending ?? (mayTryAgain() ? load() : undefined));
      return usable();
    }
    const age = now() - current.fetchedAt;
    if (age > maxAgeMs && mayTryAgain()) {
      const refreshed = load();
      // After hours without a request the set may hold keys long withdrawn: wait for the new one, unless the issuer is down.
      if (age > 2 * maxAgeMs && failedAt < current.fetchedAt) {
        await refreshed;
      }
    }
    return usable();
  };

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
      if (pending || (now() - triedAt >= cooldownMs && mayTryAgain())) {
        await load();
      }
      return usable()?.keys.get(kid) ?? 'unknown';
    },
    async checkReady() {
      return (await refresh()) ? undefined : 'the public keys can not be read';
    },
    async readJwks() {
      return (await refresh())?.jwks;
    },
  };
}
