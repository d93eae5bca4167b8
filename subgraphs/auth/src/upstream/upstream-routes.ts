import { inTenant } from '@signet/db';
import type { OauthAnswer } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import type { OauthHandler, OauthHandlers, OauthRequest } from '../oauth/oauth-routes.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { createBackchannelLogout } from './backchannel-logout.ts';
import { findBrowserSecret, keepBrowserSecret } from './browser-cookie.ts';
import { createExchangeThrottle, type ExchangeThrottle } from './exchange-throttle.ts';
import { personPage, redirectTo } from './person-page.ts';
import { type ProviderClient, ProviderRefusalError } from './provider-client.ts';
import { ProviderUnavailableError } from './provider-metadata.ts';
import { isReturnUrl, withFragment } from './return-to.ts';
import { hashOf, isSameBrowser, useState } from './sign-in-state.ts';
import type { TenantProvider } from './upstream.ts';
import { challengeForm, keepResult } from './upstream-result.ts';

export type UpstreamRoutesOptions = {
  issuer: Pick<PlatformIssuer, 'platform' | 'db' | 'tables' | 'upstream' | 'now'>;
  logger: Logger;
};
type CallbackOptions = UpstreamRoutesOptions & { throttle: ExchangeThrottle };

/** What a platform answers at the routes of its providers. */
export function createUpstreamHandlers(
  options: UpstreamRoutesOptions,
): Required<Pick<OauthHandlers, 'start' | 'callback' | 'backchannelLogout'>> {
  const find = createProviderSearch(options);
  const throttle = createExchangeThrottle();
  const withProvider =
    (handle: (request: OauthRequest, found: TenantProvider) => Promise<OauthAnswer>): OauthHandler =>
    (request) => {
      const found = find(request);
      return found ? handle(request, found) : unknownProvider;
    };
  return {
    start: withProvider((request, found) => start(options, request, found)),
    callback: withProvider((request, found) => callBack({ ...options, throttle }, request, found)),
    backchannelLogout: withProvider(createBackchannelLogout(options)),
  };
}

const unknownProvider = personPage({
  status: 404,
  title: 'Not found',
  text: 'There is no such identity provider here.',
});

/** A provider is one tenant's: at a host, or with an x-tenant, of another one it is not there. */
function createProviderSearch({ issuer: { upstream } }: UpstreamRoutesOptions) {
  return ({ provider = '', context }: OauthRequest): TenantProvider | undefined => {
    const found = upstream.find(provider);
    const isOther = context.tenant !== undefined && context.tenant !== found?.client.provider.tenant;
    return isOther ? undefined : found;
  };
}

const prompts = new Set(['none', 'login', 'consent', 'select_account']);
const maxMaxAge = 31 * 86_400;

type Asked = {
  returnTo: string;
  challenge: string;
  purpose: 'sign_in' | 'link';
  prompt: string | undefined;
  maxAge: number | undefined;
};

/**
 * `/oauth/<platform>/<provider>/start`: sends the browser to the provider, bound to this browser by a cookie and to the frontend by its
 * `code_challenge`.
 */
async function start(
  { issuer, logger }: UpstreamRoutesOptions,
  { query, cookie }: OauthRequest,
  { client }: TenantProvider,
): Promise<OauthAnswer> {
  const { provider } = client;
  const asked = readAsked(query, client);
  if (typeof asked === 'string') return badRequest(asked);
  const { secret, setCookie } = keepBrowserSecret(issuer.platform, cookie);
  const { text, ...secrets } = issuer.upstream.states.create({
    provider: provider.name,
    purpose: asked.purpose,
    returnTo: asked.returnTo,
    challenge: asked.challenge,
    browser: hashOf(secret).toString('base64url'),
    ...(asked.maxAge !== undefined && { maxAge: asked.maxAge }),
    startedAt: issuer.now().getTime(),
  });
  try {
    const { prompt, maxAge } = asked;
    const url = await client.authorizationUrl({ state: text, ...secrets, prompt, maxAge });
    return { ...redirectTo(url.href), cookies: [setCookie] };
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error;
    logger.warn({ provider: provider.name, reason: error.message }, 'an identity provider is not available');
    return personPage({
      status: 502,
      title: 'Sign-in is not available',
      text: 'The identity provider does not answer right now. Go back and try again in a moment.',
      link: asked.returnTo,
    });
  }
}

/** @returns which parameter is wrong. */
function readAsked(query: URLSearchParams, { provider }: ProviderClient): Asked | string {
  const known = ['return_to', 'code_challenge', 'code_challenge_method', 'purpose', 'prompt', 'max_age'];
  const twice = known.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) return twice;
  const get = (name: string) => query.get(name) ?? undefined;
  const returnTo = get('return_to') ?? provider.defaultReturn;
  const purpose = get('purpose') ?? 'sign_in';
  const prompt = get('prompt');
  if (!isReturnUrl(returnTo, provider.returnOrigins)) return 'return_to';
  const challenge = get('code_challenge') ?? '';
  if (!challengeForm.test(challenge)) return 'code_challenge';
  // RFC 7636, section 4.3: without a method it would be `plain`.
  if (get('code_challenge_method') !== 'S256') return 'code_challenge_method';
  if (purpose !== 'sign_in' && purpose !== 'link') return 'purpose';
  if (prompt !== undefined && !prompts.has(prompt)) return 'prompt';
  const age = get('max_age');
  if (age !== undefined && !(/^\d{1,7}$/.test(age) && Number(age) <= maxMaxAge)) return 'max_age';
  return { returnTo, challenge, purpose, prompt, maxAge: age === undefined ? undefined : Number(age) };
}

/**
 * `/oauth/<platform>/<provider>/callback`: the browser comes back. A state opens this once, in the browser that began, at the provider
 * that was asked. Then the frontend gets a code for what the provider said, or its error.
 */
async function callBack(
  { issuer, logger, throttle }: CallbackOptions,
  { query, cookie, context }: OauthRequest,
  { client, tenantId }: TenantProvider,
): Promise<OauthAnswer> {
  const { provider } = client;
  const now = issuer.now();
  const text = query.get('state') ?? '';
  const state = query.getAll('state').length === 1 ? issuer.upstream.states.open(text, now) : undefined;
  const secret = findBrowserSecret(issuer.platform, cookie);
  if (!state || state.provider !== provider.name || secret === undefined || !isSameBrowser(state, secret)) {
    return badRequest('state');
  }
  const { id, expiresAt, purpose, returnTo, challenge, maxAge, startedAt, nonce, codeVerifier } = state;
  const fail = (reason: string, error: string) => {
    logger.warn(
      { platform: issuer.platform, provider: provider.name, reason },
      'a sign-in at an identity provider failed',
    );
    return redirectTo(withFragment(returnTo, { error }));
  };
  const place = throttle.begin(provider.name, context.clientAddress);
  if (!place)
    return fail('too many codes that were not taken, or too many at a time', 'temporarily_unavailable');
  let isFailed = false;
  try {
    const usedAt = await inTenant(issuer.db, tenantId, (trx) =>
      useState(trx, issuer, { tenantId, id, expiresAt }),
    );
    if (!usedAt) return badRequest('state');
    // Rather too long: by the time at which this got a connection, a provider may have told a logout that was after the start.
    const sinceStartMs = issuer.now().getTime() - startedAt;
    const person = await client.exchange(query, {
      state: text,
      nonce,
      codeVerifier,
      // As old as it may have been when the person was sent there.
      ...(maxAge !== undefined && { maxAge: maxAge + Math.ceil((now.getTime() - startedAt) / 1000) }),
    });
    const since = usedAt.getTime();
    const result = { person, challenge, since, begunAt: since - sinceStartMs };
    const code = await inTenant(issuer.db, tenantId, (trx) =>
      keepResult(trx, issuer, { tenantId, purpose, result }),
    );
    return redirectTo(withFragment(returnTo, { code }));
  } catch (error) {
    if (error instanceof ProviderUnavailableError) return fail(error.message, 'temporarily_unavailable');
    if (!(error instanceof ProviderRefusalError)) throw error;
    isFailed = error.wasAsked;
    return fail(error.message, error.error);
  } finally {
    place.end({ isFailed });
  }
}

function badRequest(parameter: string): OauthAnswer {
  return personPage({
    status: 400,
    title: 'Sign-in did not work',
    text:
      parameter === 'state'
        ? 'This sign-in is over, was used before, or began in another browser. Go back to where you began and try again.'
        : `The application sent you here with a wrong ${parameter}.`,
  });
}
