import type { AuditKind, Platform, SubgraphAuditKind } from '@signet/schema/contract';
import type { Kysely, Transaction } from 'kysely';
import { inTenant } from '../database.ts';
import { outsideRequests } from '../request-scope.ts';
import type { Database } from '../tables.ts';

/** Where a request came from, as far as its process was told. */
export type AuditOrigin = { address?: string | null; requestId?: string | undefined };

export type AuditEvent = {
  kind: AuditKind | SubgraphAuditKind;
  /** The platform whose process writes it; a role can write for no other. */
  platform: Platform;
  /** Null for what belongs to no tenant: a signing key. */
  tenantId: string | null;
  /** Who did it; left out where nobody is known. */
  actorId?: string | undefined;
  /** Whose account it is about. */
  subjectId?: string | undefined;
  sessionId?: string | undefined;
  origin?: AuditOrigin | undefined;
  /**
   * Words and numbers of ours. Never a token, a password or a hash, and of what a caller typed only the `reason` of an act of staff
   * (docs/audit.md).
   */
  details?: Readonly<Record<string, string | number | boolean>> | undefined;
};

/** Longer ids are the caller's invention. */
const maxRequestIdLength = 200;

/** Writes a row in the transaction of what it records: both are committed, or neither is. */
export async function writeAuditEvent(trx: Transaction<Database>, event: AuditEvent): Promise<void> {
  const { origin = {}, details = {} } = event;
  await trx
    .insertInto('auth.audit_event')
    .values({
      tenant_id: event.tenantId,
      kind: event.kind,
      platform: event.platform,
      actor_id: event.actorId ?? null,
      subject_id: event.subjectId ?? null,
      session_id: event.sessionId ?? null,
      address: origin.address ?? null,
      request_id: origin.requestId?.slice(0, maxRequestIdLength) ?? null,
      details: JSON.stringify(details),
    })
    .execute();
}

type Sampled = Pick<AuditEvent, 'actorId' | 'subjectId' | 'sessionId' | 'origin' | 'details'> & {
  tenantId: string;
};

/** Rows about what anybody can cause at will: one a minute for each kind, reason and caller, with how many there were. */
export type SampledAudit = {
  /** `times`: how many of them somebody else has counted already. */
  tell(kind: AuditKind, caller: string, sampled: Sampled, times?: number): void;
  /** Writes what was counted and not written yet. Before the database closes. */
  stop(): Promise<void>;
};

type KindAndSampled = Sampled & { kind: AuditKind };
type Sampler = { add(key: string, sample: KindAndSampled, times?: number): void; stop(): void };

type Options = {
  db: Kysely<Database>;
  platform: Platform;
  /** Passes on the first sample of a key at once, and then from time to time how many there were. */
  createSampler(tell: (sample: KindAndSampled, count: number, isShared: boolean) => void): Sampler;
  log: { warn(fields: object, message: string): void };
};

/** Nobody waits for these rows; one that can't be written is in the log. */
export function createSampledAudit({ db, platform, createSampler, log }: Options): SampledAudit {
  const writing = new Set<Promise<void>>();
  const write = (event: AuditEvent & { tenantId: string }) => {
    // Not as the request that happens to be served: the row is of others too, and says itself who acted.
    const written = outsideRequests(() => inTenant(db, event.tenantId, (trx) => writeAuditEvent(trx, event)))
      .catch((err: unknown) => log.warn({ err, kind: event.kind }, 'an audit row was not written'))
      .finally(() => writing.delete(written));
    writing.add(written);
  };
  const sampler = createSampler(({ kind, tenantId, details, ...who }, count, isShared) => {
    // With many callers none is named: the row would accuse the last of what others did.
    const row = isShared
      ? { details: { ...details, callers: 'many', count } }
      : { ...who, details: { ...details, count } };
    write({ kind, platform, tenantId, ...row });
  });
  return {
    tell(kind, caller, sampled, times) {
      const key = `${kind} ${sampled.details?.reason ?? ''} ${sampled.tenantId} ${caller}`;
      sampler.add(key, { kind, ...sampled }, times);
    },
    async stop() {
      sampler.stop();
      await Promise.all(writing);
    },
  };
}
