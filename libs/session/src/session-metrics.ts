import type { ServiceMetrics } from '@signet/telemetry';
import type { RevocationFeed } from './revocations/revocation-feed.ts';
import type { TrustedIssuer } from './trusted-issuers.ts';
import type { Verification, VerifierWatch } from './verifier.ts';

/** Counts the tokens that a verifier judges. Reasons are those of the table of errors. */
export function createVerifierWatch(metrics: ServiceMetrics): VerifierWatch {
  const results = {
    hit: metrics.counter('signet_token_cache_total', 'hit'),
    miss: metrics.counter('signet_token_cache_total', 'miss'),
  };
  const accepted = {
    user: metrics.counter('signet_token_verifications_total', 'user', 'ok'),
    portal: metrics.counter('signet_token_verifications_total', 'portal', 'ok'),
  };
  return (verification, trusted, isHit) => {
    results[isHit ? 'hit' : 'miss'].inc();
    if (verification.kind === 'session' && trusted) accepted[trusted.platform].inc();
    else
      metrics
        .counter('signet_token_verifications_total', trusted?.platform ?? '-', outcomeOf(verification))
        .inc();
  };
}

function outcomeOf(verification: Verification): string {
  return verification.kind === 'refused' ? verification.reason : verification.kind;
}

/** Shows how old the revocations of a feed are, and how long each took to arrive. Returns a function that ends it. */
export function measureRevocations(
  metrics: ServiceMetrics,
  feed: Pick<RevocationFeed, 'lag' | 'onDelivery'>,
): () => void {
  const lag = metrics.histogram('signet_revocation_lag_seconds');
  feed.onDelivery((seconds) => lag.observe(seconds));
  return metrics.sample('signet_revocation_feed_age_seconds', () => {
    const { read } = feed.lag();
    return read === undefined ? [] : [{ labels: [], value: read }];
  });
}

/** Shows how old the keys of the issuers are that a process trusts at the time. Keys of the configuration have no age. */
export function measureKeys(
  metrics: ServiceMetrics,
  issuersNow: () => readonly TrustedIssuer[],
  now: () => number = () => performance.now(),
): () => void {
  return metrics.sample('signet_jwks_age_seconds', () =>
    issuersNow().flatMap(({ issuer, keys }) => {
      const fetchedAt = keys.held?.()?.fetchedAt;
      return fetchedAt === undefined ? [] : [{ labels: [issuer], value: (now() - fetchedAt) / 1000 }];
    }),
  );
}
