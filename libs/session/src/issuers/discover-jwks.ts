import type { Span } from '@signet/telemetry/tracing';
import { fetchJson } from '../fetch-json.ts';
import { isLoopbackUrl, isSafeUrl } from '../safe-url.ts';
import { type AddressReach, mayLeadTo, reachOf as reachOfAddress } from './address-reach.ts';

export type Discovery = {
  /** Where the metadata are (RFC 8414, section 3; OpenID Connect Discovery, section 4). */
  url: string;
  /** What the metadata must say that they are of. */
  issuer: string;
  /** Whether keys may be fetched over plain http beyond loopback. */
  allowInsecure: boolean;
  /** Tests have no public server. */
  reachOf?: (address: string) => AddressReach;
  span?: Span | undefined;
};

/**
 * Fetches the metadata of an issuer, and the key set that they name.
 *
 * Whoever writes the metadata must not send this process into a network that they cannot reach themselves. A name is checked by the addresses that
 * it has. On the host of the metadata, the key set is where the operator said.
 *
 * @throws {Error} as `fetchJson`; for metadata of another issuer (RFC 8414, section 3.3), or whose key set anybody could change on the way, or
 *   that is in another network.
 */
export async function discoverJwks({
  url,
  issuer,
  allowInsecure,
  reachOf = reachOfAddress,
  span,
}: Discovery): Promise<unknown> {
  let from: AddressReach = 'public';
  const metadata = await fetchJson(url, {
    span,
    onConnect(address) {
      from = reachOf(address);
    },
  });
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
  if (new URL(jwks_uri).origin === new URL(url).origin) return fetchJson(jwks_uri, { span });
  return fetchJson(jwks_uri, {
    span,
    onAddress(address) {
      const to = reachOf(address);
      if (mayLeadTo(from, to)) return;
      throw new Error(
        `has the ${to} address ${address}, and the metadata that name it as jwks_uri are at a ${from} one; if it is right, set \`jwks\` to this URL in place of \`discovery\``,
      );
    },
  });
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
