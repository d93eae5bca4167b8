import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import { poll } from '@signet/flow';
import type { Logger } from '@signet/service';
import { type Kysely, sql, type Transaction } from 'kysely';
import { lockAccountForChange } from '../accounts/account.queries.ts';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { exportOwnData } from './own-data.ts';
import {
  addMissingParts,
  closeAccount,
  type DueRequest,
  eraseAccount,
  findRequest,
  insertOwnPart,
  listDueRequests,
  listParts,
  lockRequest,
  type PersonRequest,
  setRequestState,
} from './person-request.queries.ts';

type Trx = Transaction<Database>;
type Issuer<A extends Account> = Pick<PlatformIssuer<A>, 'tables' | 'mail' | 'platform'>;

export type PersonDeskOptions<A extends Account> = {
  db: Kysely<Database>;
  issuer: Issuer<A>;
  logger: Logger;
  timing?: PersonDeskTiming | undefined;
};

/** Tests shorten these. */
export type PersonDeskTiming = {
  pollMs?: number;
  /** From the end of all sessions until subgraphs erase: no token of the account is accepted anywhere by then. */
  closedSeconds?: number;
};

const exportDays = 7;
const mostAtOnce = 50;

/**
 * Carries out what customers ask about their data, for as long as the process runs and beside other replicas. Each step is one
 * transaction, under the request's lock: after a kill it goes on where it was.
 */
export function startPersonDesk<A extends Account>(options: PersonDeskOptions<A>): { stop(): Promise<void> } {
  const { db, logger, timing: { pollMs = 3000 } = {} } = options;
  const stop = poll(
    async (signal) => {
      for (const due of await listDueRequests(db, mostAtOnce)) {
        if (signal.aborted) return;
        await advance(options, due);
      }
    },
    {
      everyMs: pollMs,
      onFault: (err) => logger.warn({ err }, 'requests about personal data could not be read; they wait'),
    },
  );
  return { stop };
}

/** One that fails keeps no other waiting. */
async function advance<A extends Account>(
  options: PersonDeskOptions<A>,
  { id, tenantId }: DueRequest,
): Promise<void> {
  const { db, logger } = options;
  try {
    const done = await inTenant(db, tenantId, (trx) => takeStep(trx, options, { id, tenantId }));
    if (done)
      logger.info(
        { request: id, tenant: tenantId, account: done.accountId, kind: done.kind },
        'personal data: done',
      );
  } catch (err) {
    logger.error({ err, request: id }, 'a request about personal data failed; it is tried again');
  }
}

/** The account before the request: whoever keeps an account from its end has locked it, and then changes the request. Exports too: an erasure deletes them. */
async function lockWithAccount<A extends Account>(
  trx: Trx,
  { tables }: Issuer<A>,
  id: string,
): Promise<PersonRequest | undefined> {
  const seen = await findRequest(trx, id);
  if (!seen) return undefined;
  await lockAccountForChange(trx, tables, seen.accountId);
  return lockRequest(trx, id);
}

/** @returns the request, where this step was its last. */
async function takeStep<A extends Account>(
  trx: Trx,
  { issuer, timing: { closedSeconds = 45 } = {} }: PersonDeskOptions<A>,
  { id, tenantId }: DueRequest,
): Promise<PersonRequest | undefined> {
  const request = await lockWithAccount(trx, issuer, id);
  if (!request) return undefined;
  if (request.state === 'scheduled') {
    if (!(await closeAccount(trx, request.accountId))) return undefined;
    await addMissingParts(trx, tenantId, request, closedSeconds);
    await setRequestState(trx, id, { state: 'running' });
    return undefined;
  }
  if (request.state !== 'running') return undefined;
  // A subgraph that came after the request was made.
  if ((await addMissingParts(trx, tenantId, request)) > 0) return undefined;
  if ((await listParts(trx, [id])).some(({ isDone }) => !isDone)) return undefined;
  await (request.kind === 'export' ? completeExport : completeErasure)(trx, issuer, tenantId, request);
  return request;
}

async function completeExport<A extends Account>(
  trx: Trx,
  issuer: Issuer<A>,
  tenantId: string,
  request: PersonRequest,
): Promise<void> {
  await insertOwnPart(trx, tenantId, request, await exportOwnData(trx, request));
  await setRequestState(trx, request.id, { state: 'done', expiresAfterDays: exportDays });
  const account = await getAccount(trx, issuer, request.accountId);
  if (!issuer.mail) return;
  await queueMail(trx, issuer, {
    tenantId,
    account,
    to: account.email,
    template: 'export-ready',
    values: { link: linkTo(issuer, 'account'), at: new Date(Date.now() + exportDays * 86_400_000) },
  });
}

/** The last mail goes to the address that the account had, and is not the account's any more. */
async function completeErasure<A extends Account>(
  trx: Trx,
  issuer: Issuer<A>,
  tenantId: string,
  request: PersonRequest,
): Promise<void> {
  const { email, language } = await getAccount(trx, issuer, request.accountId);
  if (!(await eraseAccount(trx, request.accountId)))
    throw new Error('The database refused to erase the account.');
  await setRequestState(trx, request.id, { state: 'done' });
  const { accountId } = request;
  const event = auditOwn('auth.account.erased', issuer, { tenantId, accountId });
  await writeAuditEvent(trx, { ...event, actorId: undefined });
  if (!issuer.mail) return;
  await queueMail(trx, issuer, {
    tenantId,
    to: email,
    template: 'account-deleted',
    language: language ?? undefined,
    values: { at: new Date() },
  });
}

async function getAccount<A extends Account>(trx: Trx, { tables }: Issuer<A>, id: string): Promise<A> {
  const { rows } = await sql<A>`
    select ${tables.accountColumns} from ${tables.account} where id = ${id}`.execute(trx);
  const [account] = rows;
  if (!account) throw new Error('The account of a request is not there.');
  return account;
}
