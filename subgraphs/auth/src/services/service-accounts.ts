import { type Database, outsideRequests } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import type { KeySource } from '@signet/session';
import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import { type ClientJwks, createNetworkList } from './client-jwks.ts';
import { type ClientKey, importRegisteredKey } from './public-jwk.ts';
import { type CredentialRow, findServiceAccount, type ServiceAccountRow } from './service-account.queries.ts';

/** By which a service proves who it is. `sid`: of the tokens that it asks for, another one after a change that took something away. */
export type ServiceCredential = { id: string; sid: string } & (
  | ({ kind: 'key'; kid: string } & ClientKey)
  | { kind: 'jwks'; keys: KeySource }
  | { kind: 'secret'; hash: Buffer }
);

export type ServiceAccount = {
  /** Also its `client_id`. */
  id: string;
  tenantId: string;
  scopes: readonly string[];
  /** Whether it may ask from an address. */
  mayAskFrom(address: string | undefined): boolean;
  expiresAt: Date | null;
  credentials: readonly ServiceCredential[];
};

/** The service accounts of one platform, as the token endpoint uses them. */
export type ServiceAccounts = {
  /** An active one, as it was at most half a second ago. Undefined for none; an id may be any UUID. */
  find(id: string): Promise<ServiceAccount | undefined>;
};

/** How old an answer may be. What staff change has its effect within a second. */
const maxAgeMs = 500;
const maxAccounts = 5000;
const maxKeys = 5000;

type Options = { db: Kysely<Database>; platform: Platform; jwks: ClientJwks };

/**
 * Finds accounts, and asks the database about each at most twice a second. Ids that nobody has are remembered alike, so that the time of an
 * answer tells nothing.
 */
export function createServiceAccounts({ db, platform, jwks }: Options): ServiceAccounts {
  const known = new LRUCache<string, { found: Promise<ServiceAccount | undefined> }>({
    max: maxAccounts,
    ttl: maxAgeMs,
    ttlResolution: 0,
  });
  /** By credential, whose key never changes. */
  const keys = new LRUCache<string, ClientKey>({ max: maxKeys });
  const open = (row: CredentialRow): ServiceCredential => {
    const { id, sid } = row;
    if (row.kind === 'jwks') return { id, sid, kind: 'jwks', keys: jwks.sourceOf(row.jwksUrl) };
    if (row.kind === 'secret') return { id, sid, kind: 'secret', hash: Buffer.from(row.secretHash, 'hex') };
    const key = keys.get(id) ?? importRegisteredKey(row.jwk);
    keys.set(id, key);
    return { id, sid, kind: 'key', kid: row.kid, ...key };
  };
  const read = async (id: string) => {
    const row = await findServiceAccount(db, platform, id);
    return row && toAccount(id, row, open);
  };
  return {
    find(id) {
      const fresh = known.get(id);
      if (fresh) return fresh.found;
      // Others wait for it too.
      const found = outsideRequests(() => read(id));
      known.set(id, { found });
      // An outage is over when it is over.
      found.catch(() => known.delete(id));
      return found;
    },
  };
}

function toAccount(
  id: string,
  { tenantId, scopes, networks, expiresAt, credentials }: ServiceAccountRow,
  open: (row: CredentialRow) => ServiceCredential,
): ServiceAccount {
  const isListed = createNetworkList(networks);
  return {
    id,
    tenantId,
    scopes,
    mayAskFrom: (address) => networks.length === 0 || isListed(address),
    expiresAt,
    credentials: credentials.map(open),
  };
}
