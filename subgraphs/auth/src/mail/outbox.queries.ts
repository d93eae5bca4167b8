import type { Database } from '@signet/db';
import type { Platform } from '@signet/schema/contract';
import { type Kysely, sql } from 'kysely';

/** A mail that this process has the right to send, until its lease runs out. */
export type TakenMail = {
  id: string;
  tenantId: string;
  template: string;
  sealedContent: Buffer;
  /** This one is counted. */
  attempts: number;
  /** Since when it is tried. */
  queuedAt: Date;
};

/** The statements of a sender, which belongs to no tenant. */
export type OutboxQueries = {
  /** Mails that are due, one for each recipient of whom none is being sent. */
  take(most: number, leaseSeconds: number): Promise<TakenMail[]>;
  settleSent(mail: TakenMail): Promise<boolean>;
  settleDead(mail: TakenMail, error: string): Promise<boolean>;
  /** To be tried again after this time. */
  putBack(mail: TakenMail, seconds: number, error: string | undefined): Promise<boolean>;
  /** In development: the latest mails that were kept instead of sent. */
  listKept(most: number): Promise<KeptMail[]>;
};

export type KeptMail = Omit<TakenMail, 'attempts' | 'queuedAt'> & { createdAt: Date };

export function createOutboxQueries(db: Kysely<Database>, platform: Platform): OutboxQueries {
  const take = sql.raw(`auth.take_${platform}_mails`);
  const settle = sql.raw(`auth.settle_${platform}_mail`);
  const list = sql.raw(`auth.list_${platform}_mails`);
  const settleMail = async (
    { id, attempts }: TakenMail,
    outcome: 'sent' | 'dead' | 'queued',
    seconds = 0,
    error?: string,
  ) => {
    const { rows } = await sql<{ done: boolean }>`
      select ${settle}(${id}::uuid, ${attempts}::integer, ${outcome}::text, ${seconds}::integer, ${error ?? null}::text) as done
    `.execute(db);
    return rows[0]?.done ?? false;
  };
  return {
    async take(most, leaseSeconds) {
      const { rows } = await sql<TakenMail>`
        select id, tenant_id as "tenantId", template, sealed_content as "sealedContent", attempts, queued_at as "queuedAt"
        from ${take}(${most}::integer, ${leaseSeconds}::integer)
      `.execute(db);
      return rows;
    },
    settleSent: (mail) => settleMail(mail, 'sent'),
    settleDead: (mail, error) => settleMail(mail, 'dead', 0, error),
    putBack: (mail, seconds, error) => settleMail(mail, 'queued', seconds, error),
    async listKept(most) {
      const { rows } = await sql<KeptMail>`
        select id, tenant_id as "tenantId", template, sealed_content as "sealedContent", created_at as "createdAt"
        from ${list}('kept', ${most}::integer) where sealed_content is not null
      `.execute(db);
      return rows;
    },
  };
}
