import { type Platform, sessionByCookie, sessionCookieOf, sessionHeader } from '@signet/schema/contract';
import { badInput, RefusalError, readCookie } from '@signet/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The cookies of one fetch to auth. */
export type FetchCookies = {
  headers: { cookie?: string };
  /** Hands Set-Cookie lines on to the client, if they are the platform's own cookie. */
  relay(lines: string | string[] | undefined): void;
};

/** The session cookies of one request. */
export type SessionCookies = { of(platform: Platform): FetchCookies };

/** Undefined for a request that does not ask for cookies: then none passes, in either direction. */
export type SessionCookieGate = (request: FastifyRequest, reply: FastifyReply) => SessionCookies | undefined;

type GateOptions = {
  /** Those of the entrance: the cookie of another platform stays outside. */
  platforms: readonly Platform[];
  /** Origins, beside the entrance's own, whose pages may have cookies. */
  origins: readonly string[];
  areOffered: boolean;
};

/**
 * Decides whether cookies carry a request's refresh token: only where the client says `Signet-Session: cookie`, which makes
 * browsers ask first, and the page is of an origin that we trust. SameSite alone would let a page of a sibling domain, or of
 * another port of this host, sign in, refresh and sign out.
 *
 * @throws {RefusalError} of the returned gate: input.session, authz.permission.deny, auth.failure.malformed
 */
export function createSessionCookieGate({ platforms, origins, areOffered }: GateOptions): SessionCookieGate {
  const trusted = new Set(origins);
  return (request, reply) => {
    const { [sessionHeader]: asked, origin, host, cookie } = request.headers;
    // A GET holds no mutation, and browsers send no Origin with it to the page's own.
    if (asked === undefined || request.method !== 'POST') {
      return undefined;
    }
    if (asked !== sessionByCookie || !areOffered) {
      throw badInput(
        'session',
        areOffered ? 'Signet-Session is "cookie", or left out.' : 'No cookies are handed out here.',
      );
    }
    if (!isTrustedOrigin(origin, host, trusted)) {
      throw new RefusalError('authz.permission.deny', {
        text: 'Pages of this origin can not sign in by cookie.',
      });
    }
    const values = new Map(
      platforms.map((platform) => [platform, readCookie(cookie, sessionCookieOf(platform))]),
    );
    return { of: (platform) => createFetchCookies(platform, values.get(platform), reply) };
  };
}

function createFetchCookies(
  platform: Platform,
  value: string | undefined,
  reply: FastifyReply,
): FetchCookies {
  const name = sessionCookieOf(platform);
  return {
    headers: value === undefined ? {} : { cookie: `${name}=${value}` },
    relay(lines = []) {
      for (const line of [lines].flat().filter((text) => text.startsWith(`${name}=`))) {
        reply.header('set-cookie', line);
      }
    },
  };
}

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * Whether a request comes from a page that may sign in by cookie: of a listed origin, or of the entrance's own. The own one
 * is told by the Host that the request was sent to, which has passed the Host check: the same name and port over TLS, or
 * plainly on loopback. Without an Origin (no browser leaves it out of a POST), or with `null`: no.
 */
export function isTrustedOrigin(
  origin: string | undefined,
  host: string | undefined,
  listed: ReadonlySet<string>,
): boolean {
  if (origin === undefined || host === undefined) {
    return false;
  }
  const own = host.toLowerCase();
  return (
    listed.has(origin) ||
    origin === `https://${own}` ||
    (loopbackHost.test(own) && origin === `http://${own}`)
  );
}
