import { requirePortal } from '@signet/access';
import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { scopesOfRole } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { readId, readReason } from '@signet/subgraph';
import { sql, type Transaction } from 'kysely';
import { lockAccountsForChange } from '../accounts/account.queries.ts';
import { portalTables, type StaffAccount } from '../accounts/account.ts';
import { auditStaff } from '../audit/audit-events.ts';
import type { GraphqlContext } from '../context.ts';
import { addSeconds } from '../dates.ts';
import { resetFactors } from '../factors/factor-resets.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformBinding, PlatformIssuer } from '../platform-issuer.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { assertMayManage, manageStaff } from './manage-staff.ts';

type Portal = PlatformBinding<StaffAccount>;
type Trx = Transaction<Database>;

/** Time for a super_admin to object: whoever resets their factors could be an intruder. */
const delaySeconds = 24 * 3600;

/**
 * `resetStaffFactors`: at once, and for a super_admin, or who was one within the day, in a day.
 *
 * @returns when the factors go.
 * @throws {RefusalError} input.reason, input.id, authz.permission.deny, authz.role.deny, auth.failure.revoked
 */
export function createResetStaffFactors(portal: Portal): NonNullable<MutationResolvers['resetStaffFactors']> {
  return async (_parent, { id, reason: input }, ctx) => {
    requirePortal(ctx.session, 'staff:write');
    const reason = readReason(input);
    const issuer = portal.getIssuer();
    let dueAt = issuer.now();
    await manageStaff(portal, ctx, { id }, async (trx, target, { now }) => {
      if (await wasSuperAdminToday(trx, target))
        dueAt = await requestReset(trx, issuer, { target, reason, ctx });
      else {
        const { staffId } = requirePortal(ctx.session);
        await settleWaiting(trx, target.id);
        const asked = { dueAt: now, reason, staffId };
        await insertReset(trx, { tenantId: ctx.tenantId, target, ...asked, isDone: true });
        await resetFactors(trx, issuer, { account: target, tenantId: ctx.tenantId, staffId });
      }
      return target;
    });
    return dueAt;
  };
}

/**
 * `cancelStaffFactorReset`: by the member themselves or by staff who may manage them.
 *
 * @returns whether there was one to cancel.
 * @throws {RefusalError} input.id, authz.role.deny, auth.failure.revoked
 */
export function createCancelStaffFactorReset({
  getIssuer,
  requireSubject,
}: Portal): NonNullable<MutationResolvers['cancelStaffFactorReset']> {
  return (_parent, { id: input }, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const id = readId('id', input);
    return inTenant(issuer.db, ctx.tenantId, async (trx) => {
      // Both at once, by their ids: the other one may be managing the caller.
      const locked = await lockAccountsForChange(trx, portalTables, [subject.accountId, id]);
      const { account } = await lockOwnSession(trx, issuer, subject);
      if (id !== account.id) {
        if (!scopesOfRole[account.role].includes('staff:write')) throw new RefusalError('authz.role.deny');
        const target = locked.find((member) => member.id === id);
        if (!target) return false;
        assertMayManage(account, target);
      }
      if (!(await settleWaiting(trx, id))) return false;
      await writeAuditEvent(trx, auditStaff('auth.factor.reset_cancelled', ctx, id));
      return true;
    });
  };
}

/** A super_admin, or one who was within the day: who takes the role away must not get around the delay. The row is locked. */
async function wasSuperAdminToday(trx: Trx, { id, role }: StaffAccount): Promise<boolean> {
  if (role === 'super_admin') return true;
  const { rows } = await sql`
    select from ${portalTables.account}
    where id = ${id} and last_super_admin_at > now() - make_interval(secs => ${delaySeconds})`.execute(trx);
  return rows.length === 1;
}

/**
 * Cancels the reset that waits, so that it does not take the factors that are added later.
 *
 * @returns whether one waited.
 */
async function settleWaiting(trx: Trx, accountId: string): Promise<boolean> {
  const { rows } = await sql`
    update ${portalTables.factorReset} set settled_at = now(), outcome = 'cancelled'
    where account_id = ${accountId} and settled_at is null returning id
  `.execute(trx);
  return rows.length === 1;
}

type Request = { target: StaffAccount; reason: string; ctx: GraphqlContext };

/** A second request changes nothing: the first one's time counts. */
async function requestReset(
  trx: Trx,
  issuer: PlatformIssuer<StaffAccount>,
  { target, reason, ctx }: Request,
): Promise<Date> {
  const { tenantId } = ctx;
  const { staffId } = requirePortal(ctx.session);
  const dueAt = addSeconds(issuer.now(), delaySeconds);
  const isNew = await insertReset(trx, { tenantId, target, staffId, reason, dueAt, isDone: false });
  if (!isNew) {
    const { rows } = await sql<{ dueAt: Date }>`
      select due_at as "dueAt" from ${portalTables.factorReset}
      where account_id = ${target.id} and settled_at is null`.execute(trx);
    return rows[0]?.dueAt ?? dueAt;
  }
  await writeAuditEvent(trx, auditStaff('auth.factor.reset_requested', ctx, target.id));
  if (issuer.mail) {
    const values = { at: dueAt, link: linkTo(issuer, 'account') };
    const mail = { tenantId, account: target, to: target.email, values };
    await queueMail(trx, issuer, { ...mail, template: 'factor-reset-pending' });
  }
  return dueAt;
}

type NewReset = {
  tenantId: string;
  target: StaffAccount;
  staffId: string;
  reason: string;
  dueAt: Date;
  isDone: boolean;
};

async function insertReset(trx: Trx, reset: NewReset): Promise<boolean> {
  const { tenantId, target, staffId, reason, dueAt, isDone } = reset;
  const { rows } = await sql<{ id: string }>`
    insert into ${portalTables.factorReset} (tenant_id, account_id, staff_id, reason, due_at)
    values (${tenantId}, ${target.id}, ${staffId}, ${reason}, ${dueAt})
    on conflict (tenant_id, account_id) where settled_at is null do nothing returning id
  `.execute(trx);
  if (rows[0] && isDone) {
    await sql`
      update ${portalTables.factorReset} set settled_at = now(), outcome = 'done' where id = ${rows[0].id}`.execute(
      trx,
    );
  }
  return rows.length === 1;
}
