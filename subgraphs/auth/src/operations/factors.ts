import { readInTenant } from '@signet/db';
import { badInput } from '@signet/service';
import { sql } from 'kysely';
import type { Account } from '../accounts/account.ts';
import { hasFactor } from '../factors/account-factors.ts';
import { changeOwnFactors, tellOwner } from '../factors/change-factors.ts';
import { countRecoveryCodes, renewRecoveryCodes } from '../factors/recovery-codes.ts';
import { findConfirmedTotp } from '../factors/totp.queries.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';

/** `myFactors` and `portalFactors`: what the caller signs in with beside the password. */
export function createOwnFactors<A extends Account>({
  getIssuer,
  requireSubject,
  findAccount,
}: PlatformBinding<A>): NonNullable<QueryResolvers['myFactors']> {
  return async (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const { tenantId, accountId } = requireSubject(ctx);
    const account = await findAccount(ctx, accountId);
    const openReset = sql<{ dueAt: Date }>`
      select due_at as "dueAt" from ${issuer.tables.factorReset}
      where account_id = ${accountId} and settled_at is null`;
    return readInTenant(issuer.db, tenantId, async (trx) => ({
      totp: (await findConfirmedTotp(trx, issuer, accountId)) ?? null,
      recoveryCodesLeft: await countRecoveryCodes(trx, issuer, accountId),
      resetAt: (await openReset.execute(trx)).rows[0]?.dueAt ?? null,
      areRequired: account !== undefined && issuer.factors.areRequiredOf(account),
    }));
  };
}

/** `renewRecoveryCodes` and `renewPortalRecoveryCodes`. @throws {RefusalError} input.factor, authz.step_up.required */
export function createRenewRecoveryCodes<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['renewRecoveryCodes']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return changeOwnFactors(issuer, subject, async (trx, { account, methods }) => {
      if (!hasFactor(methods))
        throw badInput('factor', 'Recovery codes stand in for a second factor. Add one first.');
      await tellOwner(
        trx,
        issuer,
        { ...subject, account },
        { kind: 'auth.factor.recovery_renewed', template: 'factor-added', factor: 'recovery_codes' },
      );
      return renewRecoveryCodes(trx, issuer, subject);
    });
  };
}
