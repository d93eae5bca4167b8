import { type Platform, sessionByCookie, sessionCookieOf } from '@signet/schema/contract';
import { readCookie } from '@signet/service';
import type { SubgraphHttpRequest } from '@signet/subgraph';

/** The cookies of one request that carry refresh tokens. */
export type SessionCookies = {
  /** Whether the client asks for cookies. Where it does not, none is read or set. */
  areAsked: boolean;
  find(platform: Platform): string | undefined;
  set(platform: Platform, refreshToken: string, maxAgeSeconds: number): void;
  clear(platform: Platform): void;
};

/** HttpOnly: no script reads it. Strict: no page of another site sends it. Path and no Domain: what `__Host-` asks for. */
const attributes = 'Path=/; HttpOnly; Secure; SameSite=Strict';

export function createSessionCookies({
  signetContext,
  cookie,
  setCookie,
}: Pick<SubgraphHttpRequest, 'signetContext' | 'cookie' | 'setCookie'>): SessionCookies {
  const areAsked = signetContext.session === sessionByCookie;
  const write = (platform: Platform, value: string, maxAgeSeconds: number) =>
    setCookie(`${sessionCookieOf(platform)}=${value}; Max-Age=${maxAgeSeconds}; ${attributes}`);
  return {
    areAsked,
    find: (platform) => (areAsked ? readCookie(cookie, sessionCookieOf(platform)) || undefined : undefined),
    set: write,
    clear: (platform) => write(platform, '', 0),
  };
}
