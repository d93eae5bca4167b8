import { readInTenant, writeAuditEvent } from '@signet/db';
import { badInput, type RefusalError } from '@signet/service';
import { readId } from '@signet/subgraph';
import type { Account } from '../accounts/account.ts';
import { auditOwn } from '../audit/audit-events.ts';
import {
  changeOwnFactors,
  completeFactorAddition,
  completeOwnRemoval,
  noteProvenFactor,
} from '../factors/change-factors.ts';
import { deletePasskey, listPasskeys, renamePasskey } from '../passkeys/passkey.queries.ts';
import { beginRegistration, finishRegistration, readPasskeyName } from '../passkeys/register-passkey.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts';

/** `myPasskeys` and `portalPasskeys`. */
export function createListPasskeys<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<QueryResolvers['myPasskeys']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const { tenantId, accountId } = requireSubject(ctx);
    return readInTenant(issuer.db, tenantId, (trx) => listPasskeys(trx, issuer, accountId));
  };
}

/** `beginPasskeyRegistration` and `beginPortalPasskeyRegistration`. @throws {RefusalError} authz.permission.deny, input.passkey */
export function createBeginPasskeyRegistration<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['beginPasskeyRegistration']> {
  return (_parent, _args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const { tenantId } = subject;
    return changeOwnFactors(issuer, subject, (trx, { account }) =>
      beginRegistration(trx, issuer, { tenantId, account }),
    );
  };
}

/** `finishPasskeyRegistration` and `finishPortalPasskeyRegistration`. @throws {RefusalError} input.passkey, input.name */
export function createFinishPasskeyRegistration<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['finishPasskeyRegistration']> {
  return (_parent, { input }, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    return changeOwnFactors(issuer, subject, async (trx, { account, session }) => {
      const owner = { ...subject, account };
      const { added, proven } = await finishRegistration(trx, issuer, owner, input);
      await noteProvenFactor(trx, issuer, session, [...proven, 'mfa']);
      const recoveryCodes = await completeFactorAddition(trx, issuer, owner, 'passkey');
      return { passkey: added, recoveryCodes: recoveryCodes ?? null };
    });
  };
}

/** `renamePasskey` and `renamePortalPasskey`. @throws {RefusalError} input.id, input.name */
export function createRenamePasskey<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['renamePasskey']> {
  return (_parent, args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const [id, name] = [readId('id', args.id), readPasskeyName(args.name)];
    return changeOwnFactors(issuer, subject, async (trx, { account }) => {
      const renamed = await renamePasskey(trx, issuer, { id, accountId: account.id, name });
      if (!renamed) throw unknownId();
      await writeAuditEvent(trx, auditOwn('auth.passkey.renamed', issuer, subject, { passkey: id }));
      return renamed;
    });
  };
}

/** `removePasskey` and `removePortalPasskey`. @throws {RefusalError} input.id, authz.permission.deny, authz.step_up.required */
export function createRemovePasskey<A extends Account>({
  getIssuer,
  requireSubject,
}: PlatformBinding<A>): NonNullable<MutationResolvers['removePasskey']> {
  return (_parent, args, ctx) => {
    const issuer = getIssuer();
    const subject = requireSubject(ctx);
    const id = readId('id', args.id);
    return changeOwnFactors(issuer, subject, async (trx, { account }) => {
      if (!(await deletePasskey(trx, issuer, { id, accountId: account.id }))) throw unknownId();
      await completeOwnRemoval(trx, issuer, { ...subject, account }, 'passkey');
      return true;
    });
  };
}

function unknownId(): RefusalError {
  return badInput('id', 'You have no such passkey.');
}
