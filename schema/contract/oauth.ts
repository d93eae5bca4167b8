import type { OauthReason } from './oauth-refusals.ts';
import { type Platform, platforms } from './platforms.ts';

/** The path at which auth answers what came to the OAuth routes of an entrance: only with the entrance's proof. */
export const oauthPath = '/internal/oauth';

/** What a browser or a program may ask of a platform's issuer beside the graph. `{provider}` is a name of `providerForm`. */
export const oauthRoutes = {
  token: { method: 'POST', path: 'token' },
  introspect: { method: 'POST', path: 'introspect' },
  revoke: { method: 'POST', path: 'revoke' },
  start: { method: 'GET', path: '{provider}/start' },
  callback: { method: 'GET', path: '{provider}/callback' },
  backchannelLogout: { method: 'POST', path: '{provider}/backchannel-logout' },
} as const satisfies Readonly<Record<string, { method: 'GET' | 'POST'; path: string }>>;
export type OauthRouteName = keyof typeof oauthRoutes;
export const oauthRouteNames = Object.keys(oauthRoutes) as readonly OauthRouteName[];

/** What an upstream provider may be called. */
export const providerForm = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** The media type of every body that the OAuth routes take. */
export const formType = 'application/x-www-form-urlencoded';
/** The longest body that they take. */
export const maxFormBytes = 64 * 1024;

/** The path of a route, at an entrance that admits the platform. `{provider}` stays where the route has it. */
export function oauthPathOf(platform: Platform, route: OauthRouteName): string {
  return `/oauth/${platform}/${oauthRoutes[route].path}`;
}

/** The URL of a route as clients see it. */
export function oauthUrlOf(issuerUrl: string, platform: Platform, route: OauthRouteName): string {
  return `${issuerUrl.replace(/\/+$/, '')}${oauthPathOf(platform, route)}`;
}

/** The beginning of the names of all cookies of a platform. No others pass to auth and back. */
export function cookiePrefixOf(platform: Platform): string {
  return `__Host-signet-${platform}-`;
}

/** A request to an OAuth route, as an entrance passes it on to auth. Texts are as the client sent them. */
export type OauthQuestion = {
  platform: Platform;
  route: OauthRouteName;
  /** Where the route has one: of `providerForm`. */
  provider?: string;
  /** Without the question mark. */
  query?: string;
  /** A body of `formType`. */
  body?: string;
  authorization?: string;
  accept?: string;
  /** The platform's own cookies. */
  cookie?: string;
};

/** Headers of an answer that reach the client. Set-Cookie lines are apart. */
export const oauthAnswerHeaders = [
  'content-type',
  'cache-control',
  'location',
  'www-authenticate',
  'retry-after',
] as const;
export type OauthAnswerHeader = (typeof oauthAnswerHeaders)[number];

/** Why auth refused, for the entrance, which records it for staff. Nothing of it reaches the client. */
export type OauthRefused = {
  reason?: OauthReason | 'auth.throttled' | 'auth.unavailable' | undefined;
  /** The client, where it has proved that it is itself. */
  client?: { id: string; tenantId: string } | undefined;
  /** The tenant of the client that the request named, where nothing is proved. */
  tenantId?: string | undefined;
};

/** What the client gets, but for `refused`. */
export type OauthAnswer = {
  status: number;
  headers: Partial<Record<OauthAnswerHeader, string>>;
  /** Set-Cookie lines, each of a cookie whose name begins with `cookiePrefixOf`. */
  cookies?: readonly string[];
  body: string;
  refused?: OauthRefused;
};

/** The errors of RFC 6749, section 5.2, and of those that extend it; `temporarily_unavailable` is of section 4.1.2.1. */
export const oauthErrorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
  'temporarily_unavailable',
  'server_error',
] as const;
export type OauthErrorCode = (typeof oauthErrorCodes)[number];

/**
 * An answer in the form of RFC 6749, section 5.2.
 *
 * @param description for developers: printable ASCII without quotes and backslashes (section 5.2).
 */
export function oauthError(
  status: number,
  error: OauthErrorCode,
  description: string,
  headers: OauthAnswer['headers'] = {},
): OauthAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ error, error_description: description }),
  };
}

export function isOauthRoute(name: unknown): name is OauthRouteName {
  return typeof name === 'string' && Object.hasOwn(oauthRoutes, name);
}

/** Every path of `oauthPathOf`, for the routes of an entrance. */
export function listOauthPaths(admitted: readonly Platform[] = platforms) {
  return admitted.flatMap((platform) =>
    oauthRouteNames.map((route) => ({
      platform,
      route,
      method: oauthRoutes[route].method,
      path: oauthPathOf(platform, route),
    })),
  );
}
