import { clockSkewSeconds } from '@signet/schema/contract';
import { type CheckedToken, checkToken, type Refused, refused, type Unavailable } from './check-token.ts';
import type { RevocationSource } from './revocations/revocation-set.ts';
import type { PortalSession, UserSession } from './session.ts';
import { TokenCache } from './token-cache.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';

/** What became of a token: who it is, why not, or that nobody can tell right now. */
export type Verification = { kind: 'session'; session: UserSession | PortalSession } | Refused | Unavailable;

export type Verifier = { verify(token: string): Promise<Verification>; issuers: readonly TrustedIssuer[] };

export type VerifierOptions = {
  issuers: readonly TrustedIssuer[];
  revocations: RevocationSource;
  now?: () => Date;
  maxCachedTokens?: number;
};

/** At about 1.5 KB each. Only tokens that passed are kept, so nobody fills it who can't sign in. */
const defaultMaxCachedTokens = 10_000;

/**
 * Verifies access tokens of the given issuers. A token that passed is kept, under its whole text, so that nothing but the
 * very same token finds it. At each use it is checked anew that it has not expired, that its key is still held, and that
 * neither key nor session is revoked.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuers, revocations, now = () => new Date() } = options;
  const byIssuer = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  const cache = new TokenCache<CheckedToken>(options.maxCachedTokens ?? defaultMaxCachedTokens);
  return {
    issuers,
    async verify(token) {
      const cached = cache.get(token);
      if (cached) {
        if (isCurrent(cached, now())) return judgeRevocations(cached, revocations);
        cache.delete(token);
      }
      const checked = await checkToken(token, byIssuer, now());
      if (checked.kind !== 'checked') return checked;
      const verification = judgeRevocations(checked, revocations);
      if (verification.kind === 'session') cache.set(token, checked);
      return verification;
    },
  };
}

/** As jose judges `exp`. A key that was removed, or replaced under its kid, is another object or none. */
function isCurrent({ session, trusted, kid, key }: CheckedToken, now: Date): boolean {
  const seconds = Math.floor(now.getTime() / 1000);
  return session.expiresAt > seconds - clockSkewSeconds && trusted.keys.peekKey(kid) === key;
}

/**
 * The last check. A revoked key is one that is known no more, as it will be once the issuer withdraws it: the client may
 * refresh. A revoked session is over. While revocations can't be read, staff are not believed, customers until they expire.
 */
function judgeRevocations({ session, kid }: CheckedToken, revocations: RevocationSource): Verification {
  const { platform, sessionId } = session;
  if (revocations.isSessionRevoked(platform, sessionId)) return refused('revoked');
  if (revocations.isKeyRevoked(platform, kid)) return refused('unknown_key');
  const state = revocations.state();
  if (state === 'unread' || (state === 'stale' && platform === 'portal')) return { kind: 'unavailable' };
  return { kind: 'session', session };
}
