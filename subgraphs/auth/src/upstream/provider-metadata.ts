import { findSpan } from '@signet/db';
import { createGuardedFetch, createJwksClient, type GuardedFetch, type KeySource } from '@signet/session';
import { inFetchSpan } from '@signet/telemetry/tracing';
import {
  allowInsecureRequests,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  getJwksCache,
  type ServerMetadata,
  setJwksCache,
} from 'openid-client';
import type { Provider } from './providers-file.ts';

/** A provider gave no answer, or none that means anything: an outage, and no fault of the person. The message is for the log. */
export class ProviderUnavailableError extends Error {
  override readonly name = 'ProviderUnavailableError';
}

const fetchTimeoutMs = 5000;
const maxAnswerBytes = 256 * 1024;
const metadataMaxAgeMs = 10 * 60_000;
/** For this long metadata stay in use while the provider does not give new ones. */
const metadataMaxStaleMs = 24 * 3_600_000;
const pauseAfterFailureMs = 1000;
/** openid-client keeps keys for 300 s, and looks for an unknown one anew from 60 s on. */
const keysMaxAgeSeconds = 300;
const keysLookAgainSeconds = 61;
/** From one look for an unknown key of a logout token to the next. */
const strangersCooldownSeconds = 5;

/** What a provider publishes, as last read. */
export type ProviderMetadata = {
  /**
   * A configuration of openid-client for one sign-in. It checks signatures of ID tokens (OpenID Connect Core 1.0, section 3.1.3.7), and looks for the
   * keys anew where it does not know one: only a code of the provider gets that far.
   *
   * @throws {ProviderUnavailableError}
   */
  open(): Promise<Exchange>;
  /** The keys of logout tokens. Strangers send those, so that an unknown key is looked for every five seconds at most. @throws {ProviderUnavailableError} */
  openKeys(): Promise<KeySource>;
  close(): Promise<void>;
};

export type Exchange = {
  configuration: Configuration;
  /** What failed on the way to the provider, or in it. */
  outage(): Error | undefined;
  /** Keeps the keys that were read. */
  close(): void;
};

type Held = { metadata: ServerMetadata; readAt: number };
type HeldKeys = { jwks: NonNullable<ReturnType<typeof getJwksCache>>['jwks']; uat: number };

export function createProviderMetadata(provider: Provider): ProviderMetadata {
  const guarded = traced(
    createGuardedFetch({
      networks: provider.networks,
      timeoutMs: fetchTimeoutMs,
      maxBytes: maxAnswerBytes,
    }),
  );
  const isPlain = new URL(provider.issuer).protocol === 'http:';
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;
  let failed: { at: number; error: Error } | undefined;
  let keys: HeldKeys | undefined;
  let keySource: { url: string; source: KeySource } | undefined;

  const read = async (): Promise<Held> => {
    const now = performance.now();
    if (held && now - held.readAt < metadataMaxAgeMs) return held;
    if (failed && now - failed.at < pauseAfterFailureMs) {
      if (held) return held;
      throw failed.error;
    }
    pending ??= discover(provider, guarded, isPlain)
      .then((metadata) => {
        failed = undefined;
        held = { metadata, readAt: performance.now() };
        return held;
      })
      .catch((cause: Error) => {
        const error = new ProviderUnavailableError(explain(cause), { cause });
        failed = { at: performance.now(), error };
        if (held && failed.at - held.readAt < metadataMaxStaleMs) return held;
        throw error;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };

  return {
    async open() {
      const { metadata } = await read();
      let outage: Error | undefined;
      const configuration = configure(provider, metadata, isPlain);
      configuration[customFetch] = async (url, options) => {
        try {
          const answer = await guarded.fetch(url, options);
          if (answer.status >= 500 || answer.status === 429) outage = new Error(`answered ${answer.status}`);
          return answer;
        } catch (error) {
          outage = error as Error;
          throw error;
        }
      };
      if (keys && nowInSeconds() - keys.uat < keysMaxAgeSeconds) {
        setJwksCache(configuration, { jwks: keys.jwks, uat: nowInSeconds() - keysLookAgainSeconds });
      }
      return {
        configuration,
        outage: () => outage,
        close() {
          const cache = getJwksCache(configuration);
          // One that was not read anew is as old as it was.
          if (!cache || nowInSeconds() - cache.uat >= keysLookAgainSeconds) return;
          keys = { jwks: cache.jwks, uat: cache.uat };
          // A logout token may come with a new key before a stranger's may be looked for again.
          keySource?.source.refetch();
        },
      };
    },
    async openKeys() {
      const { metadata } = await read();
      const url = metadata.jwks_uri;
      if (url === undefined) throw new ProviderUnavailableError('the metadata name no key set');
      if (keySource?.url !== url) {
        const source = createJwksClient({
          url,
          algorithms: [provider.algorithm],
          cooldownSeconds: strangersCooldownSeconds,
          fetchJwks: (address) => fetchJson(guarded, address),
        });
        keySource = { url, source };
      }
      return keySource.source;
    },
    close: () => guarded.close(),
  };
}

/** In the trace of the request that asked first, where several wait for one answer. */
function traced({ fetch, close }: GuardedFetch): GuardedFetch {
  return {
    fetch(url, init = {}) {
      const asked = { name: 'provider', method: init.method ?? 'GET', url };
      return inFetchSpan(findSpan(), asked, (headers) =>
        fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
      );
    },
    close,
  };
}

function configure(provider: Provider, metadata: ServerMetadata, isPlain: boolean): Configuration {
  const { clientId, authentication, algorithm } = provider;
  const client = {
    token_endpoint_auth_method: authentication.method,
    id_token_signed_response_alg: algorithm,
  };
  const configuration = new Configuration(metadata, clientId, client, authentication.authenticate);
  configuration.timeout = fetchTimeoutMs / 1000;
  if (isPlain) allowInsecureRequests(configuration);
  enableNonRepudiationChecks(configuration);
  return configuration;
}

/**
 * OpenID Connect Discovery 1.0, section 4.3.
 *
 * @throws {Error} for metadata of another issuer, letter by letter, or that send people where anybody could read what they type
 */
async function discover(
  provider: Provider,
  guarded: GuardedFetch,
  isPlain: boolean,
): Promise<ServerMetadata> {
  const { issuer, clientId, authentication } = provider;
  const configuration = await discovery(new URL(issuer), clientId, {}, authentication.authenticate, {
    timeout: fetchTimeoutMs / 1000,
    [customFetch]: (url, options) => guarded.fetch(url, options),
    ...(isPlain && { execute: [allowInsecureRequests] }),
  });
  const metadata = configuration.serverMetadata();
  if (metadata.issuer !== issuer) throw new Error(`the metadata are of another issuer than ${issuer}`);
  const { authorization_endpoint: endpoint = '' } = metadata;
  const protocol = URL.parse(endpoint)?.protocol;
  if (protocol !== 'https:' && !(isPlain && protocol === 'http:')) {
    throw new Error('the authorization endpoint is not https');
  }
  return { ...metadata };
}

async function fetchJson(guarded: GuardedFetch, url: string): Promise<unknown> {
  const answer = await guarded.fetch(url, { headers: { accept: 'application/json' } });
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  return answer.json();
}

/** The innermost message: what openid-client wraps says what happened. */
export function explain(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? inner.message : 'no answer';
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
