import { isIP } from 'node:net';
import { type Platform, type Scope, type StaffRole, scopesOfRole, userScopes } from '@signet/schema/contract';
import { badInput, RefusalError } from '@signet/service';
import { reachOf } from '@signet/session/fetching';
import { isNetwork } from './client-jwks.ts';

const maxNameLength = 100;
const maxNetworks = 100;
const maxUrlLength = 2000;

/** @throws {RefusalError} input.name */
export function readServiceName(input: string): string {
  const name = input.trim();
  if (name === '' || [...name].length > maxNameLength || /\p{Cc}/u.test(name)) {
    throw badInput('name', `Give the service a name of 1 to ${maxNameLength} characters.`);
  }
  return name;
}

/**
 * What whoever makes an account may give it: on the portal what they may do themselves, on the side of customers what a customer may.
 *
 * @throws {RefusalError} input.scopes
 */
export function readServiceScopes(
  input: readonly string[],
  platform: Platform,
  makerRole: StaffRole,
): readonly Scope[] {
  const allowed = listGrantable(platform, makerRole);
  const scopes = [...new Set(input)];
  if (scopes.length === 0) throw badInput('scopes', 'Name at least one scope.');
  const isAllowed = (scope: string): scope is Scope => allowed.includes(scope as Scope);
  if (!scopes.every(isAllowed)) {
    throw badInput('scopes', `The scopes that you can give here: ${allowed.join(', ')}.`);
  }
  return scopes as Scope[];
}

/**
 * Whoever gives an account a key can ask for its tokens. So nobody gives one to an account that may do more than they may give.
 *
 * @throws {RefusalError} authz.role.deny
 */
export function assertMayGrantAll(scopes: readonly string[], platform: Platform, role: StaffRole): void {
  const allowed: readonly string[] = listGrantable(platform, role);
  if (scopes.every((scope) => allowed.includes(scope))) return;
  throw new RefusalError('authz.role.deny', {
    text: 'This service account has scopes that you cannot give. Take them away first, or ask somebody who has them.',
  });
}

function listGrantable(platform: Platform, role: StaffRole): readonly Scope[] {
  return platform === 'user' ? userScopes : scopesOfRole[role];
}

/** @throws {RefusalError} input.networks */
export function readServiceNetworks(input: readonly string[] | null | undefined): readonly string[] {
  const networks = [...new Set((input ?? []).map((network) => network.trim().toLowerCase()))];
  if (networks.length <= maxNetworks && networks.every(isNetwork)) return networks;
  throw badInput(
    'networks',
    `Give at most ${maxNetworks} networks such as 203.0.113.0/24 or 2001:db8::/48, without spare bits.`,
  );
}

/** @throws {RefusalError} input.expiresAt */
export function readServiceExpiry(input: Date | null | undefined, now: Date): Date | null {
  if (!input) return null;
  if (input <= now) throw badInput('expiresAt', 'The time must be in the future.');
  return input;
}

/**
 * Where a service publishes its keys. What the name leads to is checked when they are fetched.
 *
 * @param isListed whether an address is in a network that may be reached although it is not public.
 * @throws {RefusalError} input.jwksUrl
 */
export function readJwksUrl(input: string, isListed: (address: string) => boolean): string {
  const url = URL.parse(input);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw badInput('jwksUrl', 'Give an https URL without user, password and fragment.');
  }
  if (url.href.length > maxUrlLength) throw badInput('jwksUrl', 'The URL is too long.');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isPrivate = isIP(host) !== 0 && reachOf(host) !== 'public' && !isListed(host);
  if (isPrivate || url.hostname === 'localhost' || url.hostname.endsWith('.localhost')) {
    throw badInput('jwksUrl', 'The URL leads into a network that is not public.');
  }
  return url.href;
}
