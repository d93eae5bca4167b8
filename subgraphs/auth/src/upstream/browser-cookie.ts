import { randomBytes } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';
import { readCookie } from '@signet/service';
import { stateSeconds } from './sign-in-state.ts';

const secretForm = /^[\w-]{43}$/;

/**
 * The cookie that binds a sign-in at a provider to the browser which began it. `__Host-`: no other host can plant one (RFC 6265bis, section
 * 4.1.3.2). One secret serves all tabs of a browser.
 */
export function upstreamCookieOf(platform: Platform): string {
  return `__Host-signet-${platform}-upstream`;
}

/** The secret that the browser sent; undefined without one, and for two of the name, which no browser sends. */
export function findBrowserSecret(platform: Platform, cookie: string | undefined): string | undefined {
  try {
    const secret = readCookie(cookie, upstreamCookieOf(platform));
    return secret !== undefined && secretForm.test(secret) ? secret : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The secret of the browser, and the Set-Cookie line that keeps it for as long as a sign-in may take. Lax: the provider sends the browser
 * back from another site.
 */
export function keepBrowserSecret(
  platform: Platform,
  cookie: string | undefined,
): { secret: string; setCookie: string } {
  const secret = findBrowserSecret(platform, cookie) ?? randomBytes(32).toString('base64url');
  const attributes = `Max-Age=${stateSeconds}; Path=/; HttpOnly; Secure; SameSite=Lax`;
  return { secret, setCookie: `${upstreamCookieOf(platform)}=${secret}; ${attributes}` };
}
