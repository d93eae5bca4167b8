import { type Database, writeAuditEvent } from '@signet/db';
import type { AuthenticationMethod, ChallengeMethod } from '@signet/schema/contract';
import { badInput, type JsonObject, RefusalError } from '@signet/service';
import { sql, type Transaction } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import { deletePasskeysOf } from '../passkeys/passkey.queries.ts';
import { checkPasskey, usePasskey } from '../passkeys/prove-passkey.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { SessionClient, SessionRow } from '../sessions/session.queries.ts';
import { countRecoveryCodes, deleteRecoveryCodes, useRecoveryCode } from './recovery-codes.ts';
import { deleteTotp, useTotpCode } from './totp.queries.ts';
import { distrustDevices } from './trusted-devices.ts';

type Trx = Transaction<Database>;

/** Those that a challenge is answered with; recovery codes stand in for them. */
const factorsOf = new Set<ChallengeMethod>(['totp', 'passkey']);

/**
 * What the account must be asked for beside the password: its factors, or what it must add, where its role needs one and it has none.
 * Empty for an account that a password opens.
 */
export async function listChallengeMethods<A extends Account>(
  trx: Trx,
  { tables, factors, passkeys }: Pick<PlatformIssuer<A>, 'tables' | 'factors' | 'passkeys'>,
  account: A,
): Promise<ChallengeMethod[]> {
  const { rows } = await sql<{ totp: boolean; codes: boolean; passkey: boolean }>`
    select
      exists (select from ${tables.totp} where account_id = ${account.id} and confirmed_at is not null) as totp,
      exists (select from ${tables.recoveryCode} where account_id = ${account.id}) as codes,
      exists (select from ${tables.passkey} where account_id = ${account.id}) as passkey
  `.execute(trx);
  const { totp = false, codes = false, passkey = false } = rows[0] ?? {};
  const methods: ChallengeMethod[] = totp ? ['totp'] : [];
  // One that is disabled too: who copied it must not open the account to the password alone.
  if (passkey) methods.push('passkey');
  if (methods.length > 0) return codes ? [...methods, 'recovery_code'] : methods;
  if (!factors.areRequiredOf(account)) return [];
  return passkeys ? ['enroll_totp', 'enroll_passkey'] : ['enroll_totp'];
}

/** Whether the account has a factor, by the methods of its challenge. */
export function hasFactor(methods: readonly ChallengeMethod[]): boolean {
  return methods.some((method) => factorsOf.has(method));
}

/** Whether a factor of the account proves something: a passkey that is disabled is asked for, and proves nothing. */
export async function hasWorkingFactor<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
): Promise<boolean> {
  const { rows } = await sql`
    select where exists (select from ${tables.totp} where account_id = ${accountId} and confirmed_at is not null)
      or exists (select from ${tables.passkey} where account_id = ${accountId} and disabled_at is null)`.execute(
    trx,
  );
  return rows.length === 1;
}

/** One of them, as a client sends it. */
export type FactorAnswer = {
  totp?: string | null | undefined;
  recoveryCode?: string | null | undefined;
  /** What a passkey answered to a challenge of the kind `factor`. */
  passkey?: JsonObject | null | undefined;
};
type AnswerField = keyof FactorAnswer;

/** @throws {RefusalError} input.totp unless there is exactly one answer */
export function readFactorAnswer(answer: FactorAnswer): AnswerField {
  const given = (['totp', 'recoveryCode', 'passkey'] as const).filter((field) => answer[field] != null);
  const [field] = given;
  if (field === undefined || given.length > 1) {
    throw badInput('totp', 'Send one answer: a one-time password, a recovery code or a passkey.');
  }
  return field;
}

type Proof<A> = {
  account: A;
  tenantId: string;
  client?: SessionClient | undefined;
  answer: FactorAnswer;
  /** Whether a passkey must have checked who uses it: where nothing else proves that. */
  mustVerifyUser?: boolean;
};

/**
 * Checks a second factor of an account, whose row the transaction has locked, and uses the code up. Count the attempt before
 * (`throttle.beginFactor`).
 *
 * @returns how the person proved who they are, beside the password (RFC 8176).
 * @throws {RefusalError} input.totp, input.recoveryCode: wrong, used, or of another account. The text is the same. input.passkey: run it
 *   in `withCopiesDisabled`.
 */
export async function proveFactor<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, client, answer, mustVerifyUser = false }: Proof<A>,
): Promise<AuthenticationMethod[]> {
  const field = readFactorAnswer(answer);
  if (field === 'passkey') {
    const purpose = { tenantId, kind: 'factor', account } as const;
    const checked = await checkPasskey(trx, issuer, { sent: answer.passkey, purpose, mustVerifyUser });
    return [...(await usePasskey(trx, issuer, tenantId, checked)), 'mfa'];
  }
  const text = answer[field] ?? '';
  const isRight =
    field === 'totp'
      ? await useTotpCode(trx, issuer, account.id, text)
      : await useRecoveryCode(trx, issuer, account.id, text);
  if (!isRight) throw badInput(field, 'This code is not valid, or was used before.');
  if (field === 'recoveryCode') await tellOfRecoveryCode(trx, issuer, { account, tenantId, client });
  return ['otp', 'mfa'];
}

/** A recovery code that the owner did not use is one that somebody else has. */
async function tellOfRecoveryCode<A extends Account>(
  trx: Trx,
  issuer: PlatformIssuer<A>,
  { account, tenantId, client }: Omit<Proof<A>, 'answer'>,
): Promise<void> {
  const left = await countRecoveryCodes(trx, issuer, account.id);
  const owner = { tenantId, accountId: account.id, client };
  await writeAuditEvent(trx, auditOwn('auth.factor.recovery_used', issuer, owner, { left }));
  if (!issuer.mail) return;
  const values = { left, at: issuer.now(), link: linkTo(issuer, 'account') };
  const mail = { tenantId, account, to: account.email, values };
  await queueMail(trx, issuer, { ...mail, template: 'recovery-code-used' });
}

/**
 * A change of factors from a session: one that was opened without the factor that the account has must not take it away, or a
 * password would be enough.
 *
 * @throws {RefusalError} authz.step_up.required
 */
export function assertProvenFactor(
  methods: readonly ChallengeMethod[],
  { amr }: Pick<SessionRow, 'amr'>,
): void {
  if (!hasFactor(methods) || amr.includes('mfa')) return;
  throw new RefusalError('authz.step_up.required', {
    text: 'Prove your second factor first: it was not asked for when this session began.',
    stepUp: { maxAge: 0 },
  });
}

/** Takes all factors of an account, and what goes with them. Its row is locked. @returns what there was, a word for each. */
export async function removeAllFactors<A extends Account>(
  trx: Trx,
  issuer: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
): Promise<('totp' | 'passkey' | 'recovery_codes')[]> {
  const hadTotp = await deleteTotp(trx, issuer, accountId);
  const passkeys = await deletePasskeysOf(trx, issuer, accountId);
  const hadCodes = await deleteRecoveryCodes(trx, issuer, accountId);
  await distrustDevices(trx, issuer, accountId);
  return [
    ...(hadTotp ? (['totp'] as const) : []),
    ...Array<'passkey'>(passkeys).fill('passkey'),
    ...(hadCodes ? (['recovery_codes'] as const) : []),
  ];
}

/**
 * Takes the factors that were added to an account from a moment on: by somebody who was not its owner. Its row is locked. For each,
 * `completeFactorRemoval` does the rest.
 *
 * @returns which.
 */
export async function removeFactorsSince<A extends Account>(
  trx: Trx,
  { tables }: Pick<PlatformIssuer<A>, 'tables'>,
  accountId: string,
  since: Date,
): Promise<('totp' | 'passkey')[]> {
  const totp = await sql<{ isConfirmed: boolean }>`
    delete from ${tables.totp} where account_id = ${accountId} and coalesce(confirmed_at, created_at) >= ${since}
    returning confirmed_at is not null as "isConfirmed"`.execute(trx);
  const passkeys = await sql`
    delete from ${tables.passkey} where account_id = ${accountId} and created_at >= ${since} returning id`.execute(
    trx,
  );
  await sql`
    delete from ${tables.recoveryCode} where account_id = ${accountId} and created_at >= ${since}`.execute(
    trx,
  );
  return [
    ...totp.rows.filter(({ isConfirmed }) => isConfirmed).map(() => 'totp' as const),
    ...passkeys.rows.map(() => 'passkey' as const),
  ];
}
