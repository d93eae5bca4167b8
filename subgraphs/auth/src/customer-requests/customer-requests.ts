import { type Database, inTenant } from '@signet/db';
import { poll } from '@signet/flow';
import type { Logger } from '@signet/service';
import { type Kysely, sql, type Transaction } from 'kysely';
import {
  type AccountTokenPurpose,
  accountTokenSeconds,
  createAccountToken,
  endAccountTokens,
  suspectSince,
} from '../account-tokens/account-token.ts';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { hideAddress } from './hide-address.ts';

type Trx = Transaction<Database>;

const everyMs = 1000;
const atOnce = 20;

/**
 * Carries out what staff ask for of customers' accounts: their process has neither the keys of customers' mails nor rights on tokens
 * (docs/decisions/0047-staff-and-customers.md). Says in the database whether mails to customers go out, so that staff are refused where
 * they don't. A request that can't be carried out now is due again, and keeps no
 * other waiting.
 */
export async function startCustomerRequests<A extends Account>(
  issuer: PlatformIssuer<A>,
  logger: Logger,
): Promise<{ stop(): Promise<void> }> {
  const { db } = issuer;
  await announceOutbox(db, issuer.mail !== undefined);
  if (!issuer.mail) return { async stop() {} };
  const due = sql<{ id: string; tenantId: string }>`
    select id, tenant_id as "tenantId" from auth.due_user_requests(${atOnce})`;
  const stop = poll(
    async () => {
      const { rows } = await due.execute(db);
      for (const { id, tenantId } of rows) {
        try {
          await inTenant(db, tenantId, (trx) => carryOut(trx, issuer, { id, tenantId }));
        } catch (err) {
          logger.error({ err, request: id }, 'what staff asked for of a customer failed; it is tried again');
        }
      }
    },
    { everyMs, onFault: (err) => logger.warn({ err }, 'what staff asked for was not done yet') },
  );
  return { stop };
}

async function announceOutbox(db: Kysely<Database>, isOpen: boolean): Promise<void> {
  await db.updateTable('auth.user_outbox').set({ is_open: isOpen }).where('is_open', '!=', isOpen).execute();
}

type Request = {
  kind: 'reset_password' | 'tell_correction';
  accountId: string;
  oldEmail: string | null;
  oldWasVerified: boolean | null;
  createdAt: Date;
};

/** Of replicas at once, one carries a request out. */
async function carryOut<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { id, tenantId }: { id: string; tenantId: string },
): Promise<void> {
  const asked = await sql<Request>`
    select kind, account_id as "accountId", old_email as "oldEmail", old_was_verified as "oldWasVerified", created_at as "createdAt"
    from auth.user_request where id = ${id}`.execute(trx);
  const [request] = asked.rows;
  // First the account: everything else that changes it takes its lock first too.
  const account = request && (await lockAccountForChange(trx, issuer.tables, request.accountId));
  if (!account) return;
  // That an address was corrected is always told, or staff could do it behind the back of a suspension.
  const outcome = account.isActive || request.kind === 'tell_correction' ? 'done' : 'obsolete';
  const { rows } = await sql`
    update auth.user_request set settled_at = now(), outcome = ${outcome}, old_email = null
    where id = ${id} and settled_at is null returning id`.execute(trx);
  if (rows.length === 0 || outcome !== 'done') return;
  if (request.kind === 'reset_password') await sendReset(trx, issuer, { tenantId, account });
  else await tellCorrection(trx, issuer, { tenantId, account }, request);
}

type Addressee<A extends Account> = { tenantId: string; account: A };

async function sendReset<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Addressee<A>,
): Promise<void> {
  await endAccountTokens(trx, issuer, account.id, 'reset_password');
  const values = await createLink(trx, issuer, { tenantId, account }, 'reset_password', 'resetPassword');
  const mail = { tenantId, account, to: account.email };
  await queueMail(trx, issuer, { ...mail, template: 'reset-password-by-staff', values });
}

/**
 * Tells both addresses, and asks the new one to prove itself. Only an earlier address that was verified gets a link to undo: another one may
 * be a stranger's, who must get neither the account nor the address in full.
 */
async function tellCorrection<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Addressee<A>,
  { oldEmail, oldWasVerified, createdAt }: Request,
): Promise<void> {
  if (oldEmail === null) return;
  const at = issuer.now();
  const to = (address: string) => ({ tenantId, account, to: address });
  const told = { oldEmail, newEmail: account.email, at };
  await queueMail(trx, issuer, { ...to(account.email), template: 'email-corrected', values: told });
  if (!account.emailVerified) {
    const values = await createLink(trx, issuer, { tenantId, account }, 'verify_email', 'verifyEmail');
    await queueMail(trx, issuer, { ...to(account.email), template: 'verify-email', values });
  }
  if (oldWasVerified) {
    const data = { email: oldEmail, since: suspectSince(createdAt).toISOString() };
    const undo = await createLink(trx, issuer, { tenantId, account }, 'undo_email', 'undoEmail', data);
    const values = { ...undo, email: account.email };
    await queueMail(trx, issuer, { ...to(oldEmail), template: 'email-change-notice', values });
  } else {
    const values = { ...told, newEmail: hideAddress(account.email) };
    await queueMail(trx, issuer, { ...to(oldEmail), template: 'email-corrected', values });
  }
}

/** A link with a new token of the account, and how long it is good for, as templates ask for them. */
async function createLink<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { tenantId, account }: Addressee<A>,
  purpose: AccountTokenPurpose,
  page: Parameters<typeof linkTo>[1],
  data: Readonly<Record<string, string>> = {},
): Promise<{ link: string; validFor: number }> {
  const token = await createAccountToken(trx, issuer, { tenantId, account, purpose, data });
  return { link: linkTo(issuer, page, token), validFor: accountTokenSeconds[purpose] };
}
