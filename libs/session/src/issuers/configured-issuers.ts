import { ConfigError, type LogWriter } from '@signet/service';
import type { Tracing } from '@signet/telemetry/tracing';
import type { HeldJwks } from '../jwks-client.ts';
import type { TrustedIssuer } from '../trusted-issuers.ts';
import { type ClaimPath, parseClaimPath } from './claim-path.ts';
import type { ForeignTokenRules } from './foreign-token.ts';
import { type IssuerKeys, openIssuerKeys } from './issuer-keys.ts';
import {
  audiencesOf,
  findIssuerListFaults,
  type IssuerListRules,
  type ListFault,
} from './issuer-list-faults.ts';
import type { IssuerEntry } from './issuers-schema.ts';
import { createPlatformKeys, type PlatformKeys } from './platform-keys.ts';

export type ConfiguredIssuersOptions = {
  logger: LogWriter;
  /** The folder from which the paths of key files begin. */
  folder: string;
  /** How a fault names a field of the list. By default `issuers[1].audience`. */
  placeOf?: (path: readonly (string | number)[]) => string;
  rules?: IssuerListRules;
  /** Shared with the platform's own issuers, so that their keys are compared with those of the list. */
  platformKeys?: PlatformKeys;
  /** Those trusted until now: an entry whose keys come from the same place goes on with those that it has. */
  previous?: readonly TrustedIssuer[];
  /** What fetches of keys are traced with. */
  tracing?: Pick<Tracing, 'startWork'> | undefined;
};

/**
 * The issuers of the section `issuers`, ready for a verifier. Keys behind a URL are fetched at once, but nobody waits for them: an issuer
 * that is down leaves its own tokens unavailable (503) and the process not ready, and is asked again after a pause that doubles up to 16 s.
 *
 * @throws {ConfigError} with all faults of the list and of its key files, a line each: `issuers[1].audience: …`.
 */
export async function createConfiguredIssuers(
  entries: readonly IssuerEntry[],
  options: ConfiguredIssuersOptions,
): Promise<readonly TrustedIssuer[]> {
  const { logger, rules = {}, platformKeys = createLoudPlatformKeys(logger) } = options;
  const faults: ListFault[] = [...findIssuerListFaults(entries, rules)];
  const allowInsecure = rules.allowInsecure ?? false;
  const opened: (IssuerKeys | undefined)[] = [];
  for (const [index, entry] of entries.entries()) {
    if (faults.some(({ path }) => path[0] === index && path[1] === 'jwks')) continue;
    const name = nameOf(index);
    try {
      opened[index] = await openIssuerKeys(entry, {
        ...options,
        name,
        platformKeys,
        allowInsecure,
        known: heldBy(options.previous, keySourceText(entry)),
      });
    } catch (error) {
      faults.push({ path: [index, 'jwks'], fault: (error as Error).message });
    }
  }
  for (const [index, keys] of opened.entries()) {
    if (keys?.read.some((key) => platformKeys.isShared(key))) {
      faults.push({
        path: [index, 'jwks'],
        fault: 'has a key of the other platform; each platform has its own keys',
      });
    }
  }
  if (faults.length > 0) {
    const { placeOf = nameOfField } = options;
    throw new ConfigError(faults.map(({ path, fault }) => `${placeOf(path)}: ${fault}`));
  }
  const misfits = createMisfitLog(logger);
  return entries.map((entry, index) => {
    const { keys } = opened[index] as IssuerKeys;
    void keys.checkReady();
    return {
      issuer: entry.issuer,
      audience: audiencesOf(entry)[0] ?? '',
      platform: entry.platform,
      keys,
      keysFrom: keySourceText(entry),
      foreign: {
        name: nameOf(index),
        ...readRules(entry),
        tenantsAreUuids: rules.needsTenant ?? false,
        otherAudiences: findOtherAudiences(entry, [...entries, ...(rules.own ?? [])]),
        onMisfit: (field, fault) => misfits(`${nameOf(index)}.${field}`, fault),
      },
    };
  });
}

/** The keys that an issuer among `previous` has fetched from this place. */
export function heldBy(previous: readonly TrustedIssuer[] = [], keysFrom: string): HeldJwks | undefined {
  return previous.find((issuer) => issuer.keysFrom === keysFrom)?.keys.held?.();
}

/** All that decides which keys an entry has. What else it says may change, and the keys stay. */
function keySourceText({ issuer, platform, jwks, discovery, algorithms }: IssuerEntry): string {
  return JSON.stringify({ issuer, platform, jwks, discovery, algorithms });
}

/** `issuers[1].claims.role` */
function nameOfField(path: readonly (string | number)[]): string {
  return `issuers${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}`;
}

/** Logs each key that both platforms have. */
export function createLoudPlatformKeys(logger: LogWriter): PlatformKeys {
  return createPlatformKeys((shared) =>
    logger.error(
      shared,
      'a public key is in key sets of both platforms, and is used for neither; one of our own stays in use for our own',
    ),
  );
}

function nameOf(index: number): string {
  return `issuers[${index}]`;
}

/** Says once a minute that the claims of signed tokens do not fit the configuration. The tokens are refused; their holders can't mend that. */
function createMisfitLog(logger: LogWriter) {
  const loggedAt = new Map<string, number>();
  return (field: string, fault: string) => {
    const at = performance.now();
    const last = loggedAt.get(field) ?? Number.NEGATIVE_INFINITY;
    if (at - last < 60_000) return;
    loggedAt.set(field, at);
    logger.warn({ field, fault }, 'tokens are refused: a claim is not what the configuration says');
  };
}

/** The audiences of the other platform. Where two issuers call both by one name, the issuer decides. */
function findOtherAudiences(
  entry: IssuerEntry,
  all: readonly Pick<IssuerEntry, 'platform' | 'audience'>[],
): ReadonlySet<string> {
  const others = all.filter(({ platform }) => platform !== entry.platform).flatMap(audiencesOf);
  return new Set(others.filter((audience) => !audiencesOf(entry).includes(audience)));
}

function readRules(
  entry: IssuerEntry,
): Omit<ForeignTokenRules, 'name' | 'otherAudiences' | 'tenantsAreUuids' | 'onMisfit'> {
  const { claims, tokenTypes, require = {} } = entry;
  const mapped = (name: keyof IssuerEntry['claims'], text: string) => ({
    field: `claims.${name}`,
    path: pathOf(text),
  });
  return {
    audiences: audiencesOf(entry),
    audienceClaim: entry.audienceClaim,
    tokenTypes: new Set(tokenTypes.map((type) => type.toLowerCase())),
    required: Object.entries(require).map(([text, values]) => ({
      path: pathOf(text),
      values: values === true ? 'any' : new Set([values].flat()),
    })),
    subject: mapped('subject', claims.subject),
    scopes: [claims.scopes].flat().map((text) => {
      const path = pathOf(text);
      return { field: 'claims.scopes', path, isSpaceDelimited: ['scope', 'scp'].includes(path.at(-1) ?? '') };
    }),
    policies: [claims.policies ?? []]
      .flat()
      .map((text) => ({ field: 'claims.policies', path: pathOf(text) })),
    role: roleOf(claims.role),
    tenant: entry.tenant ?? (claims.tenant === undefined ? undefined : mapped('tenant', claims.tenant)),
    email: mapped('email', claims.email),
    session: mapped('session', claims.session),
    derivesIds: entry.ids === 'derived',
  };
}

function roleOf(role: IssuerEntry['claims']['role']): ForeignTokenRules['role'] {
  if (role === undefined) return undefined;
  if (typeof role === 'string') return { field: 'claims.role', path: pathOf(role) };
  return { field: 'claims.role', path: pathOf(role.from), values: new Map(Object.entries(role.values)) };
}

/** The schema has read it already. */
function pathOf(text: string): ClaimPath {
  return parseClaimPath(text) as ClaimPath;
}
