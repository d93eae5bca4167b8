import { inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { RefusalError } from '@signet/service';
import type { UserAccount } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import { cancelErasure } from '../personal-data/cancel-erasure.ts';
import {
  addMissingParts,
  insertRequest,
  listParts,
  listRequests,
  type PersonRequest,
  readExport,
} from '../personal-data/person-request.queries.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { AccountExportResolvers, MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { endSessionsOf } from '../sessions/session.queries.ts';

/** What resolvers hand to each other for the GraphQL type AccountExport. */
export type OwnExport = Pick<PersonRequest, 'id' | 'createdAt' | 'expiresAt'> & {
  completedAt: Date | null;
  waitingFor: string[];
};
export type OwnDeletion = { requestedAt: Date; at: Date };
type Binding = PlatformBinding<UserAccount>;

const daySeconds = 86_400;

/**
 * `exportAccount`. One a day: each asks every subgraph for all it has.
 *
 * @throws {RefusalError} auth.throttled, auth.failure.revoked
 */
export function createExportAccount({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<MutationResolvers['exportAccount']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const { tenantId, accountId } = subject;
    return inTenant(issuer.db, tenantId, async (trx) => {
      // The account's lock: of several at once, each sees those before it.
      await lockOwnSession(trx, issuer, subject);
      const [latest] = await listRequests(trx, accountId, 'export', 1);
      const waitSeconds = latest ? secondsUntil(latest.createdAt, daySeconds) : 0;
      if (waitSeconds > 0) throw new RefusalError('auth.throttled', { retryAfterSeconds: waitSeconds });
      const request = await insertRequest(trx, {
        tenantId,
        accountId,
        kind: 'export',
        state: 'running',
        afterDays: 0,
      });
      await addMissingParts(trx, tenantId, request);
      await writeAuditEvent(trx, auditOwn('auth.account.export_requested', issuer, subject));
      const parts = await listParts(trx, [request.id]);
      return toExport(
        request,
        parts.map(({ subgraph }) => subgraph),
      );
    });
  };
}

/** `accountExports` */
export function createAccountExports({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<QueryResolvers['accountExports']> {
  return (_parent, _args, ctx) => {
    const { tenantId, accountId } = requireSubject(ctx);
    return readInTenant(getIssuer().db, tenantId, async (trx) => {
      const found = await listRequests(trx, accountId, 'export');
      const requests = found.filter(({ expiresAt }) => expiresAt === null || expiresAt > new Date());
      const parts = await listParts(
        trx,
        requests.map(({ id }) => id),
      );
      return requests.map((request) =>
        toExport(
          request,
          parts
            .filter(({ requestId, isDone }) => requestId === request.id && !isDone)
            .map(({ subgraph }) => subgraph),
        ),
      );
    });
  };
}

/** `AccountExport.data`: of an export that is the caller's, since nobody else gets one. */
export function createExportData({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<AccountExportResolvers['data']> {
  return async ({ id, completedAt }, _args, ctx) => {
    const { tenantId } = requireSubject(ctx);
    if (completedAt === null) return null;
    return readInTenant(getIssuer().db, tenantId, (trx) => readExport(trx, id));
  };
}

/** `accountDeletion` */
export function createAccountDeletion({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<QueryResolvers['accountDeletion']> {
  return async (_parent, _args, ctx) => {
    const { tenantId, accountId } = requireSubject(ctx);
    const [latest] = await readInTenant(getIssuer().db, tenantId, (trx) =>
      listRequests(trx, accountId, 'erase', 1),
    );
    return latest ? toDeletion(latest) : null;
  };
}

/**
 * `deleteAccount`: whoever has the account's other sessions is out, and its owner has time to think again.
 *
 * @throws {RefusalError} auth.failure.revoked
 */
export function createDeleteAccount({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<MutationResolvers['deleteAccount']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const { tenantId, accountId, sessionId } = subject;
    return inTenant(issuer.db, tenantId, async (trx) => {
      const { account } = await lockOwnSession(trx, issuer, subject);
      const [earlier] = await listRequests(trx, accountId, 'erase', 1);
      if (earlier) return toDeletion(earlier);
      const request = await insertRequest(trx, {
        tenantId,
        accountId,
        kind: 'erase',
        state: 'scheduled',
        afterDays: issuer.deletionDays,
      });
      const end = { reason: 'ended', now: issuer.now(), except: sessionId } as const;
      const ended = await endSessionsOf(trx, issuer.tables, accountId, end);
      await writeAuditEvent(trx, auditOwn('auth.account.deletion_scheduled', issuer, subject, { ended }));
      if (issuer.mail) {
        const values = { at: request.dueAt, link: linkTo(issuer, 'account') };
        await queueMail(trx, issuer, {
          tenantId,
          account,
          to: account.email,
          template: 'account-deletion',
          values,
        });
      }
      return toDeletion(request);
    });
  };
}

/** `cancelAccountDeletion`. @throws {RefusalError} auth.failure.revoked */
export function createCancelAccountDeletion({
  getIssuer,
  requireSubject,
}: Binding): NonNullable<MutationResolvers['cancelAccountDeletion']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return inTenant(issuer.db, subject.tenantId, async (trx) => {
      // Closing the account takes this lock first too.
      await lockOwnSession(trx, issuer, subject);
      return cancelErasure(trx, issuer, subject);
    });
  };
}

function toExport({ id, createdAt, settledAt, expiresAt }: PersonRequest, waitingFor: string[]): OwnExport {
  return { id, createdAt, completedAt: settledAt, expiresAt, waitingFor };
}

function toDeletion({ createdAt, dueAt }: PersonRequest): OwnDeletion {
  return { requestedAt: createdAt, at: dueAt };
}

/** How long until so many seconds have passed since then. By this process's clock: a clock that is wrong costs a day, no more. */
function secondsUntil(since: Date, seconds: number): number {
  return Math.ceil((since.getTime() - Date.now()) / 1000 + seconds);
}
