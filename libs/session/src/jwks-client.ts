import { jwksMaxAgeSeconds } from '@signet/schema/contract';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { request } from 'undici';

export type VerificationKey = { key: CryptoKey; algorithm: string };
/** `unavailable`: no keys could be had at all, which is an outage and no fault of the caller. */
export type KeyLookup = VerificationKey | 'unknown' | 'unavailable';

/** Where a verifier finds an issuer's public keys. */
export type KeySource = {
  findKey(kid: string): Promise<KeyLookup>;
  /** Reason why no key can be given, or nothing. */
  checkReady(): Promise<string | undefined>;
  /** The public keys as last read, for an entrance's own JWKS endpoint. */
  readJwks(): Promise<{ keys: JWK[] } | undefined>;
};

type JwksClientOptions = {
  url: string;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** An unknown kid causes a fetch at most this often. */
  cooldownSeconds?: number;
  /** How long keys may be used that can't be read anew. After it the issuer counts as unavailable. */
  maxStaleSeconds?: number;
  fetchJwks?: (url: string) => Promise<{ keys: JWK[] }>;
};

type LoadedKeys = { keys: ReadonlyMap<string, VerificationKey>; jwks: { keys: JWK[] }; fetchedAt: number };

const defaultCooldownSeconds = 30;
const defaultMaxStaleSeconds = 12 * 3600;
const pauseAfterFailureMs = 1000;
const fetchTimeoutMs = 2000;
const maxJwksBytes = 64 * 1024;
const algorithmsByKeyType: Readonly<Record<string, string>> = {
  'OKP:Ed25519': 'EdDSA',
  'EC:P-256': 'ES256',
  RSA: 'RS256',
};

/**
 * Reads an issuer's JWKS (RFC 7517) and keeps it. One fetch at a time; a stale set is refreshed in the background and
 * used meanwhile; when the issuer is down the last set stays in use up to `maxStaleSeconds`; after a failure the next
 * attempt waits, so that an issuer in trouble is not flooded.
 */
export function createJwksClient(options: JwksClientOptions): KeySource {
  const { url, now = Date.now, fetchJwks = fetchJwksDocument } = options;
  const cooldownMs = (options.cooldownSeconds ?? defaultCooldownSeconds) * 1000;
  const maxStaleMs = (options.maxStaleSeconds ?? defaultMaxStaleSeconds) * 1000;
  let loaded: LoadedKeys | undefined;
  let pending: Promise<void> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  const load = (): Promise<void> => {
    pending ??= (async () => {
      try {
        const jwks = await fetchJwks(url);
        loaded = { keys: await importKeys(jwks), jwks, fetchedAt: now() };
      } catch {
        failedAt = now();
      } finally {
        pending = undefined;
      }
    })();
    return pending;
  };
  const mayTryAgain = () => now() - failedAt >= pauseAfterFailureMs;
  const usable = () => (loaded && now() - loaded.fetchedAt <= maxStaleMs ? loaded : undefined);
  const refresh = async (): Promise<LoadedKeys | undefined> => {
    if (!usable()) {
      await (pending ?? (mayTryAgain() ? load() : undefined));
    } else if (loaded && now() - loaded.fetchedAt > jwksMaxAgeSeconds * 1000 && mayTryAgain()) {
      void load();
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
      if (now() - current.fetchedAt >= cooldownMs && mayTryAgain()) {
        await load();
      }
      return usable()?.keys.get(kid) ?? 'unknown';
    },
    async checkReady() {
      return (await refresh()) ? undefined : `no public keys could be read from ${url}`;
    },
    async readJwks() {
      return (await refresh())?.jwks;
    },
  };
}

async function fetchJwksDocument(url: string): Promise<{ keys: JWK[] }> {
  const { statusCode, body } = await request(url, {
    headersTimeout: fetchTimeoutMs,
    bodyTimeout: fetchTimeoutMs,
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/json' },
  });
  const text = await readLimited(body);
  if (statusCode !== 200) {
    throw new Error(`JWKS answered ${statusCode}`);
  }
  return JSON.parse(text) as { keys: JWK[] };
}

async function readLimited(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxJwksBytes) {
      throw new Error('JWKS is too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Public signature keys only: a key without kid, of another use or another type is passed over. */
async function importKeys(jwks: { keys: JWK[] }): Promise<ReadonlyMap<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>();
  for (const jwk of jwks.keys) {
    const algorithm = algorithmsByKeyType[jwk.crv ? `${jwk.kty}:${jwk.crv}` : String(jwk.kty)];
    if (algorithm && jwk.kid && (jwk.use === undefined || jwk.use === 'sig') && jwk.d === undefined) {
      const imported = await importJWK({ ...jwk, alg: algorithm }, algorithm);
      keys.set(jwk.kid, { key: imported as CryptoKey, algorithm });
    }
  }
  if (keys.size === 0) {
    throw new Error('JWKS holds no usable key');
  }
  return keys;
}
