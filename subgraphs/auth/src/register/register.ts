import { inTenant, writeAuditEvent } from '@signet/db';
import { badInput, RefusalError } from '@signet/service';
import { normalizeEmail } from '../accounts/email.ts';
import { auditOwn } from '../audit/audit-own.ts';
import { deliverTokens } from '../issuer/deliver-tokens.ts';
import { requireUserPlatform } from '../issuer/require-platform.ts';
import { startSession } from '../issuer/start-session.ts';
import { assertNewPassword } from '../passwords/assert-new-password.ts';
import { getTenantSlug } from '../passwords/tenant-slug.queries.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { readClientPrefix } from '../throttle/client-prefix.ts';
import { readFullName } from './read-full-name.ts';
import { allowsRegistration, insertUser, isEmailTaken } from './register.queries.ts';

export const register: NonNullable<MutationResolvers['register']> = async (_parent, { input }, ctx) => {
  const { issuer } = requireUserPlatform(ctx);
  const { tenantId, client, cookies } = ctx;
  const email = normalizeEmail(input.email);
  if (email === undefined) {
    throw badInput('email', 'This is not an e-mail address.');
  }
  const fullName = readFullName(input.fullName);
  const tenant = await inTenant(issuer.db, tenantId, (trx) => getTenantSlug(trx, tenantId));
  assertNewPassword(input.password, { email, tenant });
  await issuer.throttle.countRegistration(client.address);
  await inTenant(issuer.db, tenantId, async (trx) => {
    if (!(await allowsRegistration(trx, tenantId))) {
      throw new RefusalError('authz.permission.deny', { text: 'Accounts are not created here by yourself.' });
    }
    if (await isEmailTaken(trx, email)) {
      throw emailTaken();
    }
  });
  const password = await issuer.passwords.hash(input.password, readClientPrefix(client.address).network);
  const tokens = await inTenant(issuer.db, tenantId, async (trx) => {
    const account = await insertUser(trx, { tenantId, email, fullName, password });
    if (!account) {
      throw emailTaken();
    }
    await writeAuditEvent(
      trx,
      auditOwn('auth.account.registered', issuer, { tenantId, accountId: account.id, client }),
    );
    return startSession(trx, issuer, { account, tenantId, client });
  });
  await issuer.throttle.remember({ tenantId, email, address: client.address });
  // Only when the account is committed: a cookie is sent whatever happens next.
  return deliverTokens(cookies, 'user', tokens);
};

function emailTaken(): RefusalError {
  return badInput('email', 'There is an account with this e-mail already.');
}
