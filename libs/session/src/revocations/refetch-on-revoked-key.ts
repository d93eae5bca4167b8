import type { TrustedIssuer } from '../trusted-issuer.ts';
import type { RevocationSource } from './revocation-source.ts';

/** When a signing key is revoked, its issuer's keys are read anew at once: another key signs from then on. */
export function refetchOnRevokedKey(issuers: readonly TrustedIssuer[], revocations: RevocationSource): void {
  revocations.onKeyRevoked((platform) => {
    for (const issuer of issuers) {
      if (issuer.platform === platform) issuer.keys.refetch();
    }
  });
}
