import type { RelationChecker } from '@signet/access';
import type { AuditOrigin, Database } from '@signet/db';
import type { RequestSession } from '@signet/session';
import type { Kysely } from 'kysely';
import type { Loaders } from './loaders.ts';

/** What a resolver has: who asks, in which tenant, the database (through `inTenant` only), this request's loaders and checks. */
export type GraphqlContext = RequestSession & {
  db: Kysely<Database>;
  loaders: Loaders;
  relations: RelationChecker;
  /** Where the request came from, for the audit log. */
  origin: AuditOrigin;
};
