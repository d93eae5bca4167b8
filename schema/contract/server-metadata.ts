import { signingAlgorithms } from './claims.ts';
import { oauthUrlOf } from './oauth.ts';
import { issuerOf, jwksPathOf, type Platform } from './platforms.ts';

/** How clients authenticate at the OAuth routes: with a key (RFC 7523), and where that is turned on with a secret. */
export type ClientMethods = { areSecretsOn: boolean };

export type MetadataOptions = {
  issuerUrl: string;
  platform: Platform;
  /** The base of the URLs of keys and endpoints, where they are not reached under the issuer's. */
  keysUrl?: string | undefined;
  /** Undefined where there are no OAuth routes. */
  clients: ClientMethods | undefined;
};

/**
 * Authorization server metadata of a platform (RFC 8414, section 2), for verifiers that discover keys by issuer, and for services that ask for
 * tokens. People sign in by GraphQL mutations, so there is no authorization endpoint.
 */
export function authorizationServerMetadata({
  issuerUrl,
  platform,
  keysUrl = issuerUrl,
  clients,
}: MetadataOptions) {
  const common = {
    issuer: issuerOf(issuerUrl, platform),
    jwks_uri: `${keysUrl.replace(/\/+$/, '')}${jwksPathOf(platform)}`,
    response_types_supported: [],
  };
  if (!clients) {
    return { ...common, grant_types_supported: [], token_endpoint_auth_methods_supported: ['none'] };
  }
  const secrets = clients.areSecretsOn ? ['client_secret_basic', 'client_secret_post'] : [];
  const methods = ['private_key_jwt', ...secrets];
  return {
    ...common,
    grant_types_supported: ['client_credentials'],
    token_endpoint: oauthUrlOf(keysUrl, platform, 'token'),
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    introspection_endpoint: oauthUrlOf(keysUrl, platform, 'introspect'),
    introspection_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    revocation_endpoint: oauthUrlOf(keysUrl, platform, 'revoke'),
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
  };
}
