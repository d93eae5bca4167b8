import {
  deviceCookieOf,
  type Platform,
  sessionByCookie,
  sessionCookieOf,
  sessionHeader,
} from '@signet/schema/contract';
import {
  type AskedReply,
  type AskedRequest,
  badInput,
  isLoopback,
  RefusalError,
  readCookie,
} from '@signet/service';
import { findSiteFault } from './cookie-site.ts';
import type { RefusedOrigins } from './refused-origins.ts';

/** The cookies of one fetch to auth. */
export type FetchCookies = {
  headers: { cookie?: string };
  /** Passes Set-Cookie lines on to the client, if they set one of the platform's own cookies. */
  relay(lines: string | string[] | undefined): void;
};

/** The session and device cookies of one request. */
export type SessionCookies = { of(platform: Platform): FetchCookies };

/** Returns undefined for a request that does not ask for cookies: then no cookie passes, in either direction. */
export type SessionCookieGate = (request: AskedRequest, reply: AskedReply) => SessionCookies | undefined;

type GateOptions = {
  /** Those of the entrance. The cookie of another platform never passes. */
  platforms: readonly Platform[];
  /** Origins whose pages may use cookies, in addition to the entrance's own. */
  origins: readonly string[];
  areOffered: boolean;
  /** Gets the origin of a page that belongs to another site. */
  refusedOrigins: Pick<RefusedOrigins, 'add'>;
};

/**
 * Decides whether cookies carry a request's refresh and device tokens: only where the client sends `Signet-Session: cookie`, which
 * makes browsers send a preflight, and the page has a trusted origin. SameSite alone would let a page of a sibling
 * domain, or of another port of this host, sign in, refresh and sign out.
 *
 * @throws {RefusalError} from the returned gate: input.session, authz.permission.deny, auth.failure.malformed
 */
export function createSessionCookieGate(options: GateOptions): SessionCookieGate {
  const { platforms, origins, areOffered, refusedOrigins } = options;
  const trusted = new Set(origins);
  return (request, reply) => {
    const { [sessionHeader]: asked, origin, host, cookie } = request.headers;
    // A GET carries no mutation, and browsers send no Origin with a GET to the page's own origin.
    if (asked === undefined || request.method !== 'POST') {
      return undefined;
    }
    if (asked !== sessionByCookie || !areOffered) {
      throw badInput(
        'session',
        areOffered
          ? 'Signet-Session must be "cookie" or be left out.'
          : 'This entrance sets no session cookies.',
      );
    }
    if (!isTrustedOrigin(origin, host, trusted)) {
      throw new RefusalError('authz.permission.deny', {
        text: 'Pages of this origin cannot sign in by cookie.',
      });
    }
    const siteFault = findSiteFault(request.headers);
    if (siteFault !== undefined) {
      refusedOrigins.add(String(origin), 'belongs to another site');
      throw badInput('session', siteFault);
    }
    const pairs = new Map(platforms.map((platform) => [platform, readPairs(cookie, platform)]));
    return { of: (platform) => createFetchCookies(platform, pairs.get(platform) ?? [], reply) };
  };
}

function namesOf(platform: Platform): readonly string[] {
  return [sessionCookieOf(platform), deviceCookieOf(platform)];
}

/** The platform's cookies of a request, as `name=value`. */
function readPairs(cookie: string | undefined, platform: Platform): string[] {
  return namesOf(platform).flatMap((name) => {
    const value = readCookie(cookie, name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
}

function createFetchCookies(platform: Platform, pairs: readonly string[], reply: AskedReply): FetchCookies {
  const names = namesOf(platform);
  return {
    headers: pairs.length === 0 ? {} : { cookie: pairs.join('; ') },
    relay(lines = []) {
      for (const line of [lines].flat()) {
        if (names.some((name) => line.startsWith(`${name}=`))) reply.header('set-cookie', line);
      }
    },
  };
}

/**
 * Whether a request comes from a page that may sign in by cookie: a page of a listed origin or of the entrance's own.
 * The own origin follows from the Host of the request, which has passed the Host check: the same name and port over
 * TLS, or plain http on loopback. False without an Origin (browsers send one with every POST), and for `null`.
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
    (origin === `http://${own}` && isLoopback(URL.parse(origin)?.hostname ?? ''))
  );
}
