import { clockSkewSeconds } from '@signet/schema/contract';
import { LRUCache } from 'lru-cache';
import { type CheckedToken, checkToken, type Refused, refused, type Unavailable } from './check-token.ts';
import type { RevocationSource } from './revocations/revocation-set.ts';
import { callerKindOf, type KnownSession } from './session.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** The outcome for a token: a session, a refusal with its reason, or an outage. */
export type Verification = { kind: 'session'; session: KnownSession } | Refused | Unavailable;

export type Verifier = {
  /** Judges a token that passed before. Undefined for any other text. */
  verifyKnown(token: string): Verification | undefined;
  /** At once for a token that passed before. */
  verify(token: string): Verification | Promise<Verification>;
  issuers: readonly TrustedIssuer[];
};

/** Called for each token that was judged. `trusted`: the issuer that it names, if that is one; `isHit`: it had passed before. */
export type VerifierWatch = (
  verification: Verification,
  trusted: TrustedIssuer | undefined,
  isHit: boolean,
) => void;

export type VerifierOptions = {
  issuers: readonly TrustedIssuer[];
  revocations: RevocationSource;
  now?: () => Date;
  maxCachedTokens?: number;
  watch?: VerifierWatch | undefined;
};

/** The last characters of a token, by which it is looked for: they are of its signature, and to hash a whole token takes longer. */
const keyLength = 32;

/** About 1.5 KB each. Only tokens that passed are kept, so nobody can fill the cache without signing in. */
const defaultMaxCachedTokens = 10_000;

/**
 * Verifies access tokens of the given issuers. A token that passed is cached with its whole text, so that only the very same token
 * finds the entry. Each use checks again that the token has not expired, that its key is still held, and that neither key nor
 * session is revoked.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuers, revocations, now = () => new Date(), watch } = options;
  const byIssuer = Map.groupBy(issuers, ({ issuer }) => issuer);
  const cache = new LRUCache<string, { token: string; checked: CheckedToken }>({
    max: options.maxCachedTokens ?? defaultMaxCachedTokens,
  });
  const verifyNew = async (token: string): Promise<Verification> => {
    const checked = await checkToken(token, byIssuer, now());
    if (checked.kind !== 'checked') {
      const { trusted, ...verification } = checked;
      watch?.(verification, trusted, false);
      return verification;
    }
    const verification = judgeRevocations(checked, revocations);
    if (verification.kind === 'session') cache.set(token.slice(-keyLength), { token, checked });
    watch?.(verification, checked.trusted, false);
    return verification;
  };
  const verifyKnown = (token: string): Verification | undefined => {
    const key = token.slice(-keyLength);
    const known = cache.get(key);
    if (known?.token !== token) return undefined;
    const { checked } = known;
    if (!isCurrent(checked, now())) {
      cache.delete(key);
      return undefined;
    }
    const verification = judgeRevocations(checked, revocations);
    watch?.(verification, checked.trusted, true);
    return verification;
  };
  return { issuers, verifyKnown, verify: (token) => verifyKnown(token) ?? verifyNew(token) };
}

/** Judges `exp` as jose does. A key that was removed, or replaced under its kid, is another object or undefined. */
function isCurrent({ session, trusted, kid, key }: CheckedToken, now: Date): boolean {
  const seconds = Math.floor(now.getTime() / 1000);
  return session.expiresAt > seconds - clockSkewSeconds && trusted.keys.peekKey(kid) === key;
}

/**
 * The last check. A revoked key is refused as an unknown one, as it will be after the issuer withdraws it: the client may
 * refresh. A revoked session is over; a service's token ends with its credential (`sid`), or alone (`jti`). While revocations can't be
 * read, only customers' own tokens are accepted, until they expire.
 */
function judgeRevocations(
  { session, trusted, kid }: CheckedToken,
  revocations: RevocationSource,
): Verification {
  // The feed is about sessions and keys of our own issuers.
  if (trusted.foreign) return { kind: 'session', session };
  const { platform } = trusted;
  const { sessionId = '', tokenId = '' } = session;
  if (revocations.isSessionRevoked(platform, sessionId)) return refused('revoked');
  if (session.platform === 'service' && revocations.isSessionRevoked(platform, tokenId))
    return refused('revoked');
  if (revocations.isKeyRevoked(platform, kid)) return refused('unknown_key', 'TOKEN_REVOCATION');
  const state = revocations.state();
  const isCustomersOwn = platform === 'user' && callerKindOf(session) === 'person';
  if (state === 'unread' || (state === 'stale' && !isCustomersOwn))
    return { kind: 'unavailable', check: 'TOKEN_REVOCATION' };
  return { kind: 'session', session };
}
