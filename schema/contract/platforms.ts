/** The two sides of the product. Each platform has its own keys, tokens, sessions and account table; they share nothing. */
export const platforms = ['user', 'portal'] as const;
export type Platform = (typeof platforms)[number];

export function isPlatform(value: unknown): value is Platform {
  return value === 'user' || value === 'portal';
}

/** `aud` of an access token of this platform. */
export function audienceOf(platform: Platform): string {
  return `signet:${platform}`;
}

/** `iss` of an access token of this platform: the base URL of the issuer, then the platform. */
export function issuerOf(issuerUrl: string, platform: Platform): string {
  return `${issuerUrl.replace(/\/+$/, '')}/${platform}`;
}

/** Path of a platform's public keys, at an auth process and at each entrance of the gateway. */
export function jwksPathOf(platform: Platform): string {
  return `/.well-known/jwks/${platform}.json`;
}

/** Path of the authorization server metadata of a platform (RFC 8414, section 3.1). */
export function metadataPathOf(platform: Platform): string {
  return `/.well-known/oauth-authorization-server/${platform}`;
}
