import type { Platform } from '@signet/schema/contract';
import { isUuid } from '../read-session.ts';
import { isSafeUrl } from '../safe-url.ts';
import type { IssuerEntry } from './issuers-schema.ts';

/** A fault of a list of issuers. `path` leads to the field, from the list on: `[1, 'audience']`. */
export type ListFault = { path: readonly (string | number)[]; fault: string };

/** An issuer that is trusted beside the list: the platform's own. */
export type OwnIssuer = {
  issuer: string;
  audience: string;
  platform: Platform;
  jwksUrl?: string | undefined;
};

export type IssuerListRules = {
  /** The platform's own issuers that the same process trusts. */
  own?: readonly OwnIssuer[];
  /** In production, what is missing must be said. */
  isProduction?: boolean;
  /** Whether keys may be fetched over plain http beyond loopback. */
  allowInsecure?: boolean;
  /** Whether rows are kept apart by tenant, so that every caller needs one: the UUID of the platform's own database. */
  needsTenant?: boolean;
};

/**
 * All faults of a list of issuers that a look at one field cannot find. They hold the two platforms apart: an issuer and audience belong to one
 * platform, and no source of keys serves both.
 */
export function findIssuerListFaults(
  entries: readonly IssuerEntry[],
  rules: IssuerListRules = {},
): readonly ListFault[] {
  return entries.flatMap((entry, index) => [
    ...findEntryFaults(entry, rules).map(({ path, fault }) => ({ path: [index, ...path], fault })),
    ...findOverlaps(entries, index, rules.own ?? []),
  ]);
}

/** Whether a text names a URL, and not a file. */
export function isUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source);
}

export function audiencesOf({ audience }: Pick<IssuerEntry, 'audience'>): readonly string[] {
  return typeof audience === 'string' ? [audience] : audience;
}

function findEntryFaults(entry: IssuerEntry, rules: IssuerListRules): ListFault[] {
  const { issuer, platform, claims, tenant, tokenTypes, require, revocations } = entry;
  const faults: ListFault[] = findSourceFaults(entry, rules);
  const report = (path: readonly string[], fault: string) => faults.push({ path, fault });
  if (/[{}]/.test(issuer)) {
    report(['issuer'], 'is a pattern: name one tenant of the issuer, whose tokens have this text as `iss`');
  }
  const unclear = tokenTypes.filter((type) => type !== 'at+jwt');
  if (unclear.length > 0 && require === undefined) {
    report(
      ['tokenTypes'],
      `accepts ${unclear.join(' and ')}, which ID tokens have too: name in \`require\` a claim that only access tokens have`,
    );
  }
  if (tenant !== undefined && claims.tenant !== undefined) {
    report(['tenant'], 'is set together with claims.tenant; keep one');
  }
  if (rules.needsTenant && tenant === undefined && claims.tenant === undefined) {
    report(['tenant'], 'is not set, nor is claims.tenant: rows are kept apart by tenant');
  }
  if (rules.needsTenant && tenant !== undefined && !isUuid(tenant)) {
    report(['tenant'], 'must be the id of a tenant, a UUID');
  }
  if (platform === 'user' && claims.role !== undefined) {
    report(['claims', 'role'], 'is set, but callers of the platform user have no role');
  }
  if (rules.isProduction && revocations === undefined) {
    report(
      ['revocations'],
      'must be none in production: say that tokens of this issuer are valid until they expire',
    );
  }
  return faults;
}

function findSourceFaults({ jwks, discovery }: IssuerEntry, { allowInsecure }: IssuerListRules): ListFault[] {
  if (jwks === undefined && discovery === undefined) {
    return [{ path: ['jwks'], fault: 'is not set, nor is discovery: the public keys have no source' }];
  }
  if (jwks !== undefined && discovery !== undefined) {
    return [{ path: ['jwks'], fault: 'is set together with discovery; keep one' }];
  }
  const field = jwks === undefined ? 'discovery' : 'jwks';
  const source = jwks ?? discovery ?? '';
  if (!isUrl(source)) return [];
  if (!/^https?:$/.test(URL.parse(source)?.protocol ?? '')) {
    return [{ path: [field], fault: 'must be an https URL or the path of a file' }];
  }
  return isSafeUrl(source) || allowInsecure
    ? []
    : [{ path: [field], fault: 'must be https beyond loopback (or JWKS_INSECURE=yes)' }];
}

/** What an entry has in common with one before it, or with the platform's own issuers. */
function findOverlaps(
  entries: readonly IssuerEntry[],
  index: number,
  own: readonly OwnIssuer[],
): ListFault[] {
  const entry = entries[index] as IssuerEntry;
  const faults: ListFault[] = [];
  const report = (field: string, fault: string) => faults.push({ path: [index, field], fault });
  if (own.some(({ issuer }) => issuer === entry.issuer)) {
    report('issuer', "is one of the platform's own, which is trusted already (ISSUER_URL)");
  }
  const ownOfKeys = own.find(
    ({ platform, jwksUrl }) => platform !== entry.platform && jwksUrl !== undefined && jwksUrl === entry.jwks,
  );
  if (ownOfKeys) {
    report('jwks', `serves the platform ${ownOfKeys.platform} already; each platform has its own keys`);
  }
  for (const [at, other] of entries.slice(0, index).entries()) {
    const isSameIssuer = other.issuer === entry.issuer;
    if (other.platform === entry.platform) {
      if (isSameIssuer) {
        report('issuer', `is that of issuers[${at}] too: write one entry, with a list of audiences`);
      }
      continue;
    }
    const shared = audiencesOf(entry).filter((audience) => audiencesOf(other).includes(audience));
    if (isSameIssuer && shared.length > 0) {
      report(
        'audience',
        `has ${shared.map((audience) => `'${audience}'`).join(', ')} for the platform ${entry.platform}, and issuers[${at}] has it for ${other.platform}: an issuer and audience belong to one platform`,
      );
    }
    for (const field of ['jwks', 'discovery'] as const) {
      if (entry[field] !== undefined && entry[field] === other[field]) {
        report(
          field,
          `is that of issuers[${at}], of the platform ${other.platform}; each platform has its own keys`,
        );
      }
    }
  }
  const neighbours = [...own, ...entries].filter(({ platform }) => platform === entry.platform).length;
  if (neighbours > 1 && entry.ids !== 'derived') {
    report(
      'ids',
      `must be derived: the platform ${entry.platform} has ${neighbours} issuers, and the same subject of two of them is not the same person`,
    );
  }
  return faults;
}
