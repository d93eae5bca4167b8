import { type Database, inTenant, writeAuditEvent } from '@signet/db';
import type { AuditKind, AuthenticationMethod, ChallengeMethod } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import type { Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import type { PlatformIssuer, SessionSubject } from '../platform-issuer.ts';
import { lockOwnSession } from '../sessions/live-session.ts';
import { addToSessionMethods, type SessionClient, type SessionRow } from '../sessions/session.queries.ts';
import {
  assertProvenFactor,
  hasFactor,
  hasWorkingFactor,
  listChallengeMethods,
  removeAllFactors,
} from './account-factors.ts';
import { countRecoveryCodes, renewRecoveryCodes } from './recovery-codes.ts';
import { distrustDevices } from './trusted-devices.ts';

type Trx = Transaction<Database>;

/** What a change is made to: the account and the session that asks are locked. */
export type OwnFactors<A> = {
  account: A;
  session: SessionRow;
  /** Of a challenge of the account, before the change. */
  methods: readonly ChallengeMethod[];
};

/**
 * A change of the caller's own factors, in one transaction.
 *
 * @throws {RefusalError} auth.failure.revoked; authz.step_up.required from a session that was opened without the account's factor
 */
export function changeOwnFactors<A extends Account, T>(
  issuer: PlatformIssuer<A>,
  subject: SessionSubject,
  change: (trx: Trx, own: OwnFactors<A>) => Promise<T>,
): Promise<T> {
  return inTenant(issuer.db, subject.tenantId, async (trx) => {
    const { account, session } = await lockOwnSession(trx, issuer, subject);
    const methods = await listChallengeMethods(trx, issuer, account);
    assertProvenFactor(methods, session);
    return change(trx, { account, session, methods });
  });
}

type Owner<A> = { account: A; tenantId: string; sessionId?: string; client?: SessionClient | undefined };
/** `totp` or `passkey`. */
type FactorKind = 'totp' | 'passkey';

/**
 * What goes with a factor that was added: devices are no longer trusted, the owner gets a mail, and with the first factor come
 * recovery codes. The account's row is locked.
 *
 * @returns the recovery codes to show once; undefined where the account has some.
 */
export async function completeFactorAddition<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  factor: FactorKind,
): Promise<string[] | undefined> {
  const { account, tenantId } = owner;
  await distrustDevices(trx, issuer, account.id);
  await tellOwner(trx, issuer, owner, { kind: 'auth.factor.added', template: 'factor-added', factor });
  const left = await countRecoveryCodes(trx, issuer, account.id);
  return left > 0 ? undefined : renewRecoveryCodes(trx, issuer, { tenantId, accountId: account.id });
}

/**
 * What goes with a factor that was removed. With the last one go the recovery codes: they stand in for a factor. The account's row is
 * locked.
 */
export async function completeFactorRemoval<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  factor: FactorKind,
): Promise<void> {
  const { account } = owner;
  await distrustDevices(trx, issuer, account.id);
  if (!hasFactor(await listChallengeMethods(trx, issuer, account))) {
    await removeAllFactors(trx, issuer, account.id);
  }
  await tellOwner(trx, issuer, owner, { kind: 'auth.factor.removed', template: 'factor-removed', factor });
}

/**
 * The same for a factor that its owner removed, from a session in which one was proven. With the last one that works go all passkeys that
 * are disabled, each told: nothing else than recovery codes would answer for them any more.
 *
 * @throws {RefusalError} authz.permission.deny where the role needs a factor and none is left that works
 */
export async function completeOwnRemoval<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  owner: Owner<A>,
  factor: FactorKind,
): Promise<void> {
  const { account } = owner;
  const removed = [factor];
  if (!(await hasWorkingFactor(trx, issuer, account.id))) {
    if (issuer.factors.areRequiredOf(account)) {
      throw new RefusalError('authz.permission.deny', {
        text: 'Your role needs a second factor. Add another one before you remove this one.',
      });
    }
    const rest = await removeAllFactors(trx, issuer, account.id);
    removed.push(...rest.filter((kind) => kind !== 'recovery_codes'));
  }
  for (const kind of removed) await completeFactorRemoval(trx, issuer, owner, kind);
}

/** A session in which a factor was proven has it from then on. */
export async function noteProvenFactor<A extends Account>(
  trx: Trx,
  issuer: Pick<PlatformIssuer<A>, 'tables'>,
  session: SessionRow,
  proven: readonly AuthenticationMethod[] = ['otp', 'mfa'],
): Promise<void> {
  await addToSessionMethods(trx, issuer.tables, session, proven);
}

type Notice = {
  kind: AuditKind;
  template: 'factor-added' | 'factor-removed';
  factor: FactorKind | 'recovery_codes';
};

/** A row in the audit log, and a mail where mail is configured. */
export async function tellOwner<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, sessionId, client }: Owner<A>,
  { kind, template, factor }: Notice,
): Promise<void> {
  const owner = { tenantId, accountId: account.id, sessionId, client };
  await writeAuditEvent(trx, auditOwn(kind, issuer, owner, { factor }));
  if (!issuer.mail) return;
  const values = { factor, at: issuer.now(), link: linkTo(issuer, 'account') };
  await queueMail(trx, issuer, { tenantId, account, to: account.email, template, values });
}
