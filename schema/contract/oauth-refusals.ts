import type { Check } from './checks.ts';

/**
 * Why an OAuth route refused a request: for staff who ask (docs/refusals.md). The client gets the error of RFC 6749 alone, which does not tell a stranger
 * which clients there are.
 */
export const oauthRefusals = {
  'oauth.request': { check: 'FORM', text: 'A parameter is missing, stands twice, or has another form.' },
  'oauth.grant_type': { check: 'FORM', text: 'grant_type is not client_credentials.' },
  'oauth.method': {
    check: 'CREDENTIALS',
    text: 'The client did not authenticate in a way that is taken here.',
  },
  'oauth.assertion': {
    check: 'CREDENTIALS',
    text: 'The assertion is not as it must be: its form, its audience, or its times.',
  },
  'oauth.unknown_client': { check: 'CREDENTIALS', text: 'There is no client with this client_id.' },
  'oauth.unknown_key': {
    check: 'CREDENTIALS',
    text: 'The client has no key with the kid of the assertion, or that was revoked.',
  },
  'oauth.keys_unavailable': {
    check: 'CREDENTIALS',
    text: "The key set at the client's jwksUrl could not be read.",
  },
  'oauth.invalid_signature': { check: 'CREDENTIALS', text: 'The signature of the assertion is wrong.' },
  'oauth.invalid_secret': { check: 'CREDENTIALS', text: 'The secret is wrong, or was revoked.' },
  'oauth.replay': { check: 'CREDENTIALS', text: 'The assertion was used before. Each is good once.' },
  'oauth.tenant_mismatch': {
    check: 'GUARD',
    text: 'The client is of another tenant than the request names.',
  },
  'oauth.expired': { check: 'GUARD', text: 'The service account has expired.' },
  'oauth.network': { check: 'GUARD', text: 'The client may not ask from this network.' },
  'oauth.scope': { check: 'INPUT', text: 'The client does not have each of the scopes that it asks for.' },
  'oauth.token': { check: 'INPUT', text: 'The token is not one of this client.' },
} as const satisfies Readonly<Record<`oauth.${string}`, { check: Check; text: string }>>;

export type OauthReason = keyof typeof oauthRefusals;

/** The reason, if it is one of the table. */
export function findOauthReason(reason: string): { check: Check; text: string } | undefined {
  return Object.hasOwn(oauthRefusals, reason) ? oauthRefusals[reason as OauthReason] : undefined;
}

/** The checks that a request to an OAuth route meets, in their order: auth reads the form. */
export const oauthChecks: readonly Check[] = [
  'HOST',
  'ROOM',
  'ROUTE',
  'BODY',
  'PLACE',
  'SUBGRAPH',
  'FORM',
  'ATTEMPTS',
  'CREDENTIALS',
  'GUARD',
  'INPUT',
  'FAULT',
];
