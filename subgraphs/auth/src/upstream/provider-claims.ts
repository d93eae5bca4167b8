import { normalizeEmail } from '@signet/db/email';
import { isBlank, isPlainName, type StaffRole, staffRoles } from '@signet/schema/contract';
import { readClaim } from '@signet/session';
import { z } from 'zod';
import type { Provider } from './providers-file.ts';

/** Printable ASCII: OpenID Connect Core 1.0, section 2, allows no other subject, and the database could not hold every text. */
const id = z.string().regex(/^[\x20-\x7E]{1,255}$/);

/** What a provider says of somebody who signed in there, as far as it is used. */
export const personSchema = z.strictObject({
  /** The provider's name here. */
  provider: z.string(),
  issuer: z.string(),
  subject: id,
  /** The provider's session. */
  sid: id.optional(),
  /** Normalised. */
  email: z.string().optional(),
  /** Whether the provider may vouch for the address, and does. */
  isEmailProven: z.boolean(),
  fullName: z.string(),
  /** By the mapping of staff's roles: null for somebody who has none; undefined where there is no mapping. */
  role: z.enum(staffRoles).nullish(),
  /** Whether the provider asked for a second factor. */
  hasFactor: z.boolean(),
  /** When the person proved who they are there, in seconds since 1970; undefined where the provider's time does not count. */
  authTime: z.number().optional(),
});
export type Person = z.output<typeof personSchema>;

const maxNameLength = 200;

type Claims = Readonly<Record<string, unknown>>;

/** What the ID token alone says: of this sign-in, where UserInfo speaks of a person (OpenID Connect Core 1.0, sections 2 and 5.1). */
const ofSignIn: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'azp',
  'sid',
  'nonce',
  'acr',
  'amr',
  'auth_time',
]);

/** Adds the claims of UserInfo that the ID token lacks. An address, and whether it is verified, come from the same of the two. */
export function joinClaims(idToken: Claims, userinfo: Claims | undefined): Claims {
  if (!userinfo) return idToken;
  const more = Object.entries(userinfo).filter(([name]) => !ofSignIn.has(name));
  const { email, email_verified } = idToken.email === undefined ? userinfo : idToken;
  return { ...Object.fromEntries(more), ...idToken, email, email_verified };
}

/**
 * Reads the claims of an ID token whose signature, issuer, audience, nonce and times were checked, with those of the UserInfo endpoint.
 *
 * @throws {Error} that says which claim cannot be used, never with its value.
 */
export function readPerson(provider: Provider, claims: Claims): Person {
  const { sub, sid, azp, email, email_verified, name, acr, amr, auth_time } = claims;
  // Core 1.0, section 3.1.3.7, step 5. openid-client looks at azp only beside several audiences.
  if (azp !== undefined && azp !== provider.clientId) throw new Error('azp names another client');
  if (!id.safeParse(sub).success) throw new Error('sub is not 1 to 255 printable ASCII characters');
  if (sid !== undefined && !id.safeParse(sid).success)
    throw new Error('sid is not 1 to 255 printable ASCII characters');
  const address = typeof email === 'string' ? normalizeEmail(email) : undefined;
  return {
    provider: provider.name,
    issuer: provider.issuer,
    subject: sub as string,
    ...(sid !== undefined && { sid: sid as string }),
    ...(address !== undefined && { email: address }),
    // Some providers write "true": what is not a boolean is no promise.
    isEmailProven: address !== undefined && email_verified === true && mayVouchFor(provider, address),
    fullName: readName(name),
    ...(provider.roles && { role: findRole(provider.roles, claims) }),
    hasFactor: hasFactor(provider, acr, amr),
    ...(provider.stepUp && typeof auth_time === 'number' && { authTime: auth_time }),
  };
}

function mayVouchFor({ domains }: Provider, email: string): boolean {
  return domains === 'any' || domains.includes(email.slice(email.lastIndexOf('@') + 1));
}

/** A name that shows nothing, or holds what no name here may hold, is left out: the person can still sign in. */
function readName(name: unknown): string {
  if (typeof name !== 'string' || isBlank(name)) return '';
  const trimmed = name.normalize('NFC').trim();
  return [...trimmed].length <= maxNameLength && isPlainName(trimmed) ? trimmed : '';
}

function findRole({ claim, map }: NonNullable<Provider['roles']>, claims: Claims): StaffRole | null {
  const value = readClaim(claims, claim);
  const groups = new Set([value].flat());
  return map.find(([group]) => groups.has(group))?.[1] ?? null;
}

function hasFactor({ secondFactor }: Provider, acr: unknown, amr: unknown): boolean {
  if (typeof acr === 'string' && secondFactor.acr.includes(acr)) return true;
  return Array.isArray(amr) && amr.some((method) => secondFactor.amr.includes(method));
}
