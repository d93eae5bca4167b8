import type { KeySource } from '@signet/session';
import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
} from 'openid-client';
import { joinClaims, type Person, readPerson } from './provider-claims.ts';
import { createProviderMetadata, explain, ProviderUnavailableError } from './provider-metadata.ts';
import type { Provider } from './providers-file.ts';
import type { StateSecrets } from './sign-in-state.ts';

/** The provider answered, and nobody is signed in by it. */
export class ProviderRefusalError extends Error {
  override readonly name = 'ProviderRefusalError';
  /** What the frontend is told: an error of RFC 6749, section 4.1.2.1, or of OpenID Connect Core 1.0, section 3.1.2.6. */
  readonly error: string;
  /** Whether the provider was asked: it did not take the code, or what it gave was not to be trusted. */
  readonly wasAsked: boolean;

  /** @param message for the log. */
  constructor(error: string, message: string, wasAsked = true) {
    super(message);
    this.error = error;
    this.wasAsked = wasAsked;
  }
}

/** Those that a frontend can act on. Whatever else a provider writes is `server_error`. */
const passedErrors = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'temporarily_unavailable',
]);

type Authorization = StateSecrets & {
  state: string;
  prompt?: string | undefined;
  maxAge?: number | undefined;
};
type Check = StateSecrets & { state: string; maxAge?: number | undefined };

/** One provider, spoken to as its client. */
export type ProviderClient = {
  provider: Provider;
  /** The URL at the provider to which the browser goes. @throws {ProviderUnavailableError} */
  authorizationUrl(asked: Authorization): Promise<URL>;
  /**
   * Exchanges the code of an authorization response, and checks the ID token.
   *
   * @param query of the callback's URL, as it came.
   * @throws {ProviderRefusalError}, {ProviderUnavailableError}
   */
  exchange(query: URLSearchParams, check: Check): Promise<Person>;
  /** The keys of logout tokens. @throws {ProviderUnavailableError} */
  openKeys(): Promise<KeySource>;
  close(): Promise<void>;
};

export function createProviderClient(provider: Provider): ProviderClient {
  const metadata = createProviderMetadata(provider);
  return {
    provider,
    async authorizationUrl({ state, nonce, codeVerifier, prompt, maxAge }) {
      const { configuration } = await metadata.open();
      return buildAuthorizationUrl(configuration, {
        redirect_uri: provider.callbackUrl,
        scope: provider.scopes.join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(prompt !== undefined && { prompt }),
        ...(maxAge !== undefined && { max_age: String(maxAge) }),
      });
    },
    async exchange(query, { state, nonce, codeVerifier, maxAge }) {
      const { configuration, outage, close } = await metadata.open();
      const url = new URL(provider.callbackUrl);
      url.search = query.toString();
      try {
        const tokens = await authorizationCodeGrant(configuration, url, {
          pkceCodeVerifier: codeVerifier,
          expectedNonce: nonce,
          expectedState: state,
          idTokenExpected: true,
          ...(maxAge !== undefined && { maxAge }),
        });
        const claims = tokens.claims();
        if (!claims) throw new Error('there is no ID token');
        const more = provider.userinfo
          ? await fetchUserInfo(configuration, tokens.access_token, claims.sub)
          : undefined;
        return readPerson(provider, joinClaims(claims, more));
      } catch (error) {
        throw translate(error, outage());
      } finally {
        close();
      }
    },
    openKeys: metadata.openKeys,
    close: metadata.close,
  };
}

/** Errors of openid-client hold tokens and claims: none of them leaves this file. */
function translate(error: unknown, outage: Error | undefined): Error {
  if (outage) return new ProviderUnavailableError(outage.message);
  if (error instanceof AuthorizationResponseError) {
    const known = passedErrors.has(error.error) ? error.error : 'server_error';
    return new ProviderRefusalError(known, 'the provider answered with an error', false);
  }
  return new ProviderRefusalError('server_error', explain(error));
}
