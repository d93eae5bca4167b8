import type { AuditKind, Platform } from '@signet/schema/contract';
import type { Kysely } from 'kysely';
import { inTenant } from '../database.ts';
import type { Database } from '../tables.ts';
import { type AuditEvent, writeAuditEvent } from './write-audit-event.ts';

type Sampled = Pick<AuditEvent, 'actorId' | 'sessionId' | 'origin' | 'details'> & { tenantId: string };

/** Rows about what anybody can cause at will: of each kind, reason and caller one a minute, with how many there were. */
export type SampledAudit = { tell(kind: AuditKind, caller: string, sampled: Sampled): void };

type Options = {
  db: Kysely<Database>;
  platform: Platform;
  /** Says of a key how many there were since it was last told of, or that it is not yet time. */
  sampler: { count(key: string): number | undefined };
  log: { warn(fields: object, message: string): void };
};

/** Nobody waits for these rows; one that can't be written is in the log. */
export function createSampledAudit({ db, platform, sampler, log }: Options): SampledAudit {
  return {
    tell(kind, caller, { tenantId, details = {}, ...who }) {
      const count = sampler.count(`${kind} ${details.reason ?? ''} ${tenantId} ${caller}`);
      if (count === undefined) return;
      const event = { kind, platform, tenantId, details: { ...details, count }, ...who };
      inTenant(db, tenantId, (trx) => writeAuditEvent(trx, event)).catch((err: unknown) =>
        log.warn({ err, kind }, 'an audit row was not written'),
      );
    },
  };
}
