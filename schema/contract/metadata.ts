import { issuerOf, jwksPathOf, type Platform } from './platforms.ts';

/**
 * Authorization server metadata of a platform (RFC 8414, section 2), for verifiers that discover keys by issuer. Signet
 * signs in by GraphQL mutations, so there is no authorization or token endpoint.
 */
export function authorizationServerMetadata(issuerUrl: string, platform: Platform) {
  return {
    issuer: issuerOf(issuerUrl, platform),
    jwks_uri: `${issuerUrl.replace(/\/+$/, '')}${jwksPathOf(platform)}`,
    response_types_supported: [],
    grant_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
  };
}
