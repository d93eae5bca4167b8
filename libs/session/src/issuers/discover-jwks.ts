import { fetchJson } from '../fetch-json.ts';
import { isLoopbackUrl, isSafeUrl } from '../safe-url.ts';

export type Discovery = {
  /** Where the metadata are (RFC 8414, section 3; OpenID Connect Discovery, section 4). */
  url: string;
  /** What the metadata must say that they are of. */
  issuer: string;
  /** Whether keys may be fetched over plain http beyond loopback. */
  allowInsecure: boolean;
};

/**
 * Fetches the metadata of an issuer, and the key set that they name.
 *
 * @throws {Error} as `fetchJson`; for metadata of another issuer (RFC 8414, section 3.3), or whose key set anybody could change on the way.
 */
export async function discoverJwks({ url, issuer, allowInsecure }: Discovery): Promise<unknown> {
  const metadata = await fetchJson(url);
  const { issuer: named, jwks_uri } = (metadata ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) {
    throw new Error(`the metadata are of the issuer ${quote(named)}, and not of ${quote(issuer)}`);
  }
  if (typeof jwks_uri !== 'string' || !/^https?:$/.test(URL.parse(jwks_uri)?.protocol ?? '')) {
    throw new Error(`the metadata name no key set: jwks_uri is ${quote(jwks_uri)}`);
  }
  if (!mayNameKeys(url, jwks_uri, allowInsecure)) {
    throw new Error(`the metadata name a key set that is not to be trusted: jwks_uri is ${quote(jwks_uri)}`);
  }
  return fetchJson(jwks_uri);
}

/**
 * Whether metadata at `url` may name a key set at `jwksUri`: nobody must be able to change it on the way, and another machine must not send this process to
 * a server that only this machine reaches.
 */
export function mayNameKeys(url: string, jwksUri: string, allowInsecure: boolean): boolean {
  return isLoopbackUrl(jwksUri) ? isLoopbackUrl(url) : isSafeUrl(jwksUri) || allowInsecure;
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 200);
}
