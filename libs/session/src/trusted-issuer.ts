import { audienceOf, issuerOf, type Platform, platforms } from '@signet/schema/contract';
import type { KeySource } from './jwks-client.ts';

/** An issuer that a verifier accepts. Keys, audience and platform belong to it, never to the token. */
export type TrustedIssuer = { issuer: string; audience: string; platform: Platform; keys: KeySource };

/** The issuers of a Signet deployment for the platforms that a process admits. */
export function trustedIssuers(
  issuerUrl: string,
  keys: Partial<Readonly<Record<Platform, KeySource>>>,
): readonly TrustedIssuer[] {
  return platforms.flatMap((platform) => {
    const source = keys[platform];
    return source
      ? [{ issuer: issuerOf(issuerUrl, platform), audience: audienceOf(platform), platform, keys: source }]
      : [];
  });
}
