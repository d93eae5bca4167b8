import { createHash } from 'node:crypto';
import type { Platform } from '@signet/schema/contract';
import type { JWTPayload } from 'jose';
import { isTextList, isUuid } from '../read-session.ts';
import type { PortalSession, UserSession } from '../session.ts';
import { type ClaimPath, readClaim } from './claim-path.ts';

/** A claim by where the configuration names it, and its place in a token. */
type MappedClaim = { field: string; path: ClaimPath; isSpaceDelimited?: boolean };

/** How the access tokens of a configured issuer are read (docs/issuers.md). */
export type ForeignTokenRules = {
  /** As the log names the issuer: `issuers[0]`. */
  name: string;
  /** One of them must be in the claim of the audience. */
  audiences: readonly string[];
  audienceClaim: 'aud' | 'client_id';
  /** Those by which other tokens of this configuration reach the other platform. None may be in `aud`. */
  otherAudiences: ReadonlySet<string>;
  /** In lower case; `none` for a header without `typ`. */
  tokenTypes: ReadonlySet<string>;
  required: readonly { path: ClaimPath; values: ReadonlySet<string> | 'any' }[];
  subject: MappedClaim;
  scopes: readonly MappedClaim[];
  /** Never space-delimited: a policy may have any name. */
  policies: readonly MappedClaim[];
  /** `values`: what a role of the issuer is called here, the first that counts first. */
  role: (MappedClaim & { values?: ReadonlyMap<string, string> }) | undefined;
  /** A text is the tenant of all callers. */
  tenant: MappedClaim | string | undefined;
  /** Whether a tenant is a UUID, as in the platform's own database. */
  tenantsAreUuids: boolean;
  email: MappedClaim;
  session: MappedClaim;
  /** Whether ids are made of issuer and id. */
  derivesIds: boolean;
  /** Called with the field of the configuration that does not fit the claims of a token, for the operator's log. */
  onMisfit(field: string, fault: string): void;
};

/** The reason why a token gives no session, as in the table of errors. */
export type ForeignRefusal = 'malformed' | 'wrong_type' | 'issuer_mismatch' | 'audience_mismatch';

class Misfit extends Error {
  readonly field: string;

  constructor(field: string, fault: string) {
    super(fault);
    this.field = field;
  }
}

/**
 * The session of a token of a configured issuer, whose signature, issuer, audience and times were checked. No value is made to fit: a
 * claim of another type than its place in a session has refuses the token.
 */
export function readForeignSession(
  claims: JWTPayload,
  { issuer, platform }: { issuer: string; platform: Platform },
  rules: ForeignTokenRules,
): UserSession | PortalSession | ForeignRefusal {
  if (!isForUs(claims, rules)) return 'audience_mismatch';
  // No issuer but ours knows this claim. One that says something else than the configuration is not believed.
  if (claims.platform !== undefined && claims.platform !== platform) return 'issuer_mismatch';
  if (isOtherKindOfToken(claims) || !hasRequired(claims, rules)) return 'wrong_type';
  // RFC 8693, section 4.1: somebody acts for the subject. Nobody acts for staff.
  if (claims.act !== undefined && platform === 'portal') return 'wrong_type';
  // JSON.parse reads 1e999 as Infinity: such a token would never expire.
  if (!Number.isFinite(claims.exp)) return 'malformed';
  try {
    const idOf = (kind: string, id: string) => (rules.derivesIds ? deriveId(issuer, kind, id) : id);
    const subject = idOf('subject', getText(claims, rules.subject));
    const session = findText(claims, rules.session);
    const common = {
      issuer,
      sessionId: session === undefined ? undefined : idOf('session', session),
      tokenId: findText(claims, { field: 'jti', path: ['jti'] }),
      tenantId: readTenant(claims, rules),
      ...readEmail(claims, rules),
      scopes: new Set(rules.scopes.flatMap((claim) => readScopes(claims, claim))),
      ...(rules.policies.length > 0 && {
        policies: new Set(rules.policies.flatMap((claim) => readScopes(claims, claim))),
      }),
      authTime: readTime(claims, 'auth_time'),
      expiresAt: claims.exp as number,
      // Of another form, they say nothing: no issuer is refused for what nobody needs.
      amr: isTextList(claims.amr) ? claims.amr : [],
      acr: typeof claims.acr === 'string' ? claims.acr : undefined,
    };
    return platform === 'user'
      ? { ...common, platform, userId: subject, ...readActor(claims, idOf) }
      : { ...common, platform, staffId: subject, role: readRole(claims, rules) };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    rules.onMisfit(error.field, error.message);
    return 'malformed';
  }
}

/** Who acts as the customer: then the session is an impersonated one. The claim cannot be said to be elsewhere, since it takes rights away. */
function readActor({ act }: JWTPayload, idOf: (kind: string, id: string) => string) {
  if (act === undefined) return {};
  const sub = typeof act === 'object' && act !== null && 'sub' in act ? act.sub : undefined;
  if (typeof sub !== 'string' || !idForm.test(sub))
    throw new Misfit(
      'claims.subject',
      'must be said of the actor too; a token has `act` without a text in `sub`',
    );
  return { actor: { staffId: idOf('subject', sub) } };
}

/** Whether a header's `typ` is one of those of the issuer's access tokens (RFC 7515, section 4.1.9). */
export function isForeignTokenType(typ: unknown, { tokenTypes }: ForeignTokenRules): boolean {
  if (typ === undefined) return tokenTypes.has('none');
  return typeof typ === 'string' && tokenTypes.has(typ.toLowerCase().replace(/^application\//, ''));
}

/** Whether one of the audiences is meant. */
export function isAddressed(claims: JWTPayload, { audienceClaim, audiences }: ForeignTokenRules): boolean {
  return [claims[audienceClaim]].flat().some((name) => typeof name === 'string' && audiences.includes(name));
}

/**
 * RFC 7519, section 4.1.3. A token for the other platform too could be used there by whoever gets it here, so it is for neither. An issuer whose tokens
 * name a client may still write `aud`, and then that counts as well.
 */
function isForUs(claims: JWTPayload, rules: ForeignTokenRules): boolean {
  const named = [claims.aud].flat().filter((audience) => audience !== undefined);
  return (
    isAddressed(claims, rules) &&
    (named.length === 0 || isAddressed(claims, { ...rules, audienceClaim: 'aud' })) &&
    ![claims[rules.audienceClaim], ...named].flat().some((name) => rules.otherAudiences.has(name as string))
  );
}

/** Hashes of what an ID token was issued with (OpenID Connect Core, sections 3.1.3.6 and 3.3.2.11), and the event of a logout token (RFC 8417). */
const claimsOfOtherTokens = ['at_hash', 'c_hash', 's_hash', 'events'];
/** `typ` in the claims of Keycloak. */
const otherTypes = new Set(['id', 'refresh', 'offline', 'logout']);

/**
 * Whether it is no access token, or one that needs a proof of possession which nobody asked for here (`cnf`: RFC 9449, section 7.1; RFC 8705,
 * section 3).
 */
function isOtherKindOfToken(claims: JWTPayload): boolean {
  const { cnf, token_use, typ } = claims;
  return (
    cnf !== undefined ||
    (token_use !== undefined && token_use !== 'access') ||
    (typeof typ === 'string' && otherTypes.has(typ.toLowerCase())) ||
    claimsOfOtherTokens.some((name) => claims[name] !== undefined)
  );
}

function hasRequired(claims: JWTPayload, { required }: ForeignTokenRules): boolean {
  return required.every(({ path, values }) => {
    const found = [readClaim(claims, path)].flat();
    return found.some(
      (value) => typeof value === 'string' && value !== '' && (values === 'any' || values.has(value)),
    );
  });
}

/** Printable ASCII, as OpenID Connect Core, section 2, has it for `sub`. Ids stand in log lines and keys of caches. */
const idForm = /^[\x20-\x7e]{1,255}$/;

function findText(claims: JWTPayload, { field, path }: MappedClaim): string | undefined {
  const value = readClaim(claims, path);
  if (value === undefined) return undefined;
  if (typeof value !== 'string')
    throw new Misfit(field, `must give a text; a token has ${kindOf(value)} there`);
  if (!idForm.test(value)) {
    throw new Misfit(
      field,
      'must give a text of 1 to 255 printable ASCII characters; a token has another text there',
    );
  }
  return value;
}

function getText(claims: JWTPayload, claim: MappedClaim): string {
  const text = findText(claims, claim);
  if (text === undefined) throw new Misfit(claim.field, 'must give a text; a token has nothing there');
  return text;
}

function readTenant(claims: JWTPayload, { tenant, tenantsAreUuids }: ForeignTokenRules): string | undefined {
  if (typeof tenant !== 'object') return tenant;
  const text = getText(claims, tenant);
  if (tenantsAreUuids && !isUuid(text)) {
    throw new Misfit(tenant.field, 'must give the id of a tenant, a UUID; a token has another text there');
  }
  return text;
}

function readEmail(claims: JWTPayload, { email: { field, path } }: ForeignTokenRules) {
  const email = readClaim(claims, path);
  if (email !== undefined && (typeof email !== 'string' || email.length > 320)) {
    throw new Misfit(field, `must give a text of at most 320 characters; a token has ${kindOf(email)} there`);
  }
  // OpenID Connect Core, section 5.1: it speaks of the claim `email` and of no other.
  const emailVerified = claims.email_verified === true && email !== undefined && path.join('.') === 'email';
  return { email, emailVerified };
}

/**
 * The names at one place. Only `scope` and `scp` are split at spaces (RFC 8693, section 4.2): elsewhere `Area Admin` may be one name, and its half
 * another one's right.
 */
function readScopes(claims: JWTPayload, { field, path, isSpaceDelimited }: MappedClaim): readonly string[] {
  const value = readClaim(claims, path);
  if (value === undefined) return [];
  if (typeof value === 'string') return isSpaceDelimited ? value.split(' ').filter(Boolean) : [value];
  return readList(value, field);
}

function readList(value: unknown, field: string): readonly string[] {
  const wrong = Array.isArray(value) ? value.find((item) => typeof item !== 'string') : value;
  if (wrong !== undefined) {
    const place = Array.isArray(value) ? ' in the list' : ' there';
    throw new Misfit(field, `must give a text or a list of texts; a token has ${kindOf(wrong)}${place}`);
  }
  return value as string[];
}

function readRole(claims: JWTPayload, { role }: ForeignTokenRules): string | undefined {
  if (role?.values === undefined) return role && findText(claims, role);
  const value = readClaim(claims, role.path);
  if (value === undefined) return undefined;
  const held = new Set(typeof value === 'string' ? [value] : readList(value, role.field));
  const [, name] = [...role.values].find(([theirs]) => held.has(theirs)) ?? [];
  return name;
}

function readTime(claims: JWTPayload, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (!Number.isFinite(value))
    throw new Misfit(name, `must be a number of seconds; a token has ${kindOf(value)} there`);
  return value as number;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text that is too long';
  return typeof value === 'object' ? 'an object' : typeof value === 'boolean' ? 'a boolean' : 'a number';
}

/**
 * A UUID of version 8 (RFC 9562, section 5.8) made of issuer and id, the same every time. Two issuers never give the same, and no id of our own
 * accounts has this version.
 */
function deriveId(issuer: string, kind: string, id: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['signet-id/1', kind, issuer, id]))
    .digest();
  hash[6] = (hash.readUInt8(6) & 0x0f) | 0x80;
  hash[8] = (hash.readUInt8(8) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
