import { type Database, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient } from '../sessions/session.queries.ts';
import { hashOf } from './sign-in-state.ts';

type Trx = Transaction<Database>;

const proofSchema = z.object({
  issuer: z.string(),
  subject: z.string(),
  sid: z.string().optional(),
  /** In seconds since 1970; undefined where the provider's time does not count. */
  authTime: z.number().optional(),
  /** When the browser went to the provider, in milliseconds since 1970, by the database's clock. */
  begunAt: z.number().default(0),
});
/** Who proved to be whom at a provider, in place of a password. A challenge keeps it until its answer. */
export type UpstreamProof = z.output<typeof proofSchema>;

/** What stands at the beginning of a session. */
export type FirstFactor = {
  /** RFC 8176; `fed` for a provider. */
  amr: readonly string[];
  /** When it was proven, where that isn't now. */
  authTime?: Date;
  upstream?: UpstreamProof;
};

/** A password, or what a provider proved. */
export function firstFactorOf(upstream: unknown): FirstFactor {
  if (upstream === null || upstream === undefined) return { amr: ['pwd'] };
  const proof = proofSchema.parse(upstream);
  // Nobody knows when: then it was never recent.
  return { amr: ['fed'], authTime: new Date((proof.authTime ?? 0) * 1000), upstream: proof };
}

/** Sign-ins of a provider go on beside each other, and a logout token waits for those under way. */
export async function lockUpstream(
  trx: Trx,
  { platform }: Pick<PlatformIssuer, 'platform'>,
  { tenantId, issuer, mode }: { tenantId: string; issuer: string; mode: 'sign-in' | 'logout' },
): Promise<void> {
  const key = sql`hashtextextended(${`upstream ${platform} ${tenantId} ${issuer}`}, 0)`;
  await (mode === 'sign-in'
    ? sql`select pg_advisory_xact_lock_shared(${key})`
    : sql`select pg_advisory_xact_lock(${key})`
  ).execute(trx);
}

/**
 * For a session that is about to begin. The end of the provider's session may have been told before the browser came back: a session that is
 * named by its `sid` never lives again, and of ends that name a person alone those count that were told since the browser went to the
 * provider. Call it before the transaction locks sessions, or two of them could wait for each other.
 *
 * @throws {RefusalError} auth.failure.revoked where the provider has ended its session meanwhile
 */
export async function assertNotLoggedOut<A extends Account>(
  trx: Trx,
  issuer: Pick<PlatformIssuer<A>, 'platform' | 'tables'>,
  tenantId: string,
  proof: UpstreamProof,
): Promise<void> {
  await lockUpstream(trx, issuer, { tenantId, issuer: proof.issuer, mode: 'sign-in' });
  const { rows } = await sql`
    select from ${issuer.tables.upstreamLogout}
    where issuer = ${proof.issuer} and (sid = ${proof.sid ?? null}::text or happened_at >= ${new Date(proof.begunAt)})
      and ${isOver({ logoutSid: sql`sid`, logoutSubject: sql`subject`, sid: sql`${proof.sid ?? null}::text`, subject: sql`${proof.subject}::text` })}
    limit 1
  `.execute(trx);
  if (rows.length > 0) throw new RefusalError('auth.failure.revoked');
}

/** What a logout token is about: a session of the provider, all of a person's, or one of one person's. */
export type Logout = { issuer: string; subject: string | undefined; sid: string | undefined };

type Compared = Record<'logoutSid' | 'logoutSubject' | 'sid' | 'subject', RawBuilder<unknown>>;

/** Whether a logout ends a session (Back-Channel Logout 1.0, section 2.7). One whose `sid` nobody told ends with any of the person's. */
function isOver({ logoutSid, logoutSubject, sid, subject }: Compared): RawBuilder<boolean> {
  return sql`(
    (${logoutSubject} is null or ${logoutSubject} = ${subject})
    and (${logoutSid} is null or ${logoutSid} = ${sid} or (${sid} is null and ${logoutSubject} = ${subject}))
  )`;
}

type Ending = Logout & {
  tenantId: string;
  provider: string;
  /** `jti`. */
  tokenId: string;
  /** Until when the same token would be taken again. */
  expiresAt: Date;
  client: SessionClient;
};

/**
 * Ends the sessions that began at a session of a provider, and those that are about to begin.
 *
 * @returns how many there were; undefined for a logout token that was here before.
 */
export async function endUpstreamSessions<A extends Account>(
  trx: Trx,
  issuer: Pick<PlatformIssuer<A>, 'platform' | 'tables' | 'now'>,
  { tenantId, provider, tokenId, expiresAt, client, ...logout }: Ending,
): Promise<number | undefined> {
  const { tables, now } = issuer;
  const [sid, subject] = [logout.sid ?? null, logout.subject ?? null];
  const at = now();
  const { numAffectedRows } = await sql`
    insert into ${tables.upstreamLogout} (tenant_id, issuer, token_hash, subject, sid, happened_at, expires_at)
    values (${tenantId}, ${logout.issuer}, ${hashOf(tokenId)}, ${subject}, ${sid}, now(), ${expiresAt})
    on conflict do nothing
  `.execute(trx);
  if (numAffectedRows !== 1n) return undefined;
  await lockUpstream(trx, issuer, { tenantId, issuer: logout.issuer, mode: 'logout' });
  const isMeant = isOver({
    logoutSid: sql`${sid}::text`,
    logoutSubject: sql`${subject}::text`,
    sid: sql`upstream_sid`,
    subject: sql`upstream_subject`,
  });
  const { rows } = await sql<{ id: string; accountId: string }>`
    with live as materialized (
      select id from ${tables.session}
      where upstream_issuer = ${logout.issuer} and ended_at is null and ${isMeant} order by id for update
    )
    update ${tables.session} set ended_at = ${at}, end_reason = 'upstream'
    where id in (select id from live)
    returning id, ${tables.accountId} as "accountId"
  `.execute(trx);
  for (const { id, accountId } of rows) {
    const subject = { tenantId, accountId, sessionId: id, client };
    const event = auditOwn('auth.session.ended', issuer, subject, { reason: 'upstream', provider });
    await writeAuditEvent(trx, { ...event, actorId: undefined });
  }
  return rows.length;
}
