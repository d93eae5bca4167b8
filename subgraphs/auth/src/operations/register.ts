import { inTenant, readInTenant, writeAuditEvent } from '@signet/db';
import { normalizeEmail } from '@signet/db/email';
import { badInput, RefusalError } from '@signet/service';
import { allowsRegistration, getTenantSlug, insertUser, isEmailTaken } from '../accounts/account.queries.ts';
import type { UserAccount } from '../accounts/account.ts';
import { assertNewPassword, readFullName, readLanguage } from '../accounts/account-input.ts';
import { auditOwn } from '../audit/audit-events.ts';
import { giveDeviceToken } from '../devices/known-devices.ts';
import type { PlatformBinding } from '../platform-issuer.ts';
import { beginRegistration } from '../registrations/begin-registration.ts';
import type { MutationResolvers } from '../resolvers.generated.ts';
import { listQueueNetworks } from '../throttle/client-networks.ts';
import { startSession } from '../tokens/issue-tokens.ts';
import { deliverTokens } from '../tokens/refresh-token-cookie.ts';

/** `register`: customers only. With mail, the mailbox answers first; without, the account begins at once. */
export function createRegister({
  platform,
  getIssuer,
}: PlatformBinding<UserAccount>): NonNullable<MutationResolvers['register']> {
  return async (_parent, { input }, { tenantId, client, cookies, devices }) => {
    const issuer = getIssuer();
    const deviceToken = devices.read(platform, input);
    const email = normalizeEmail(input.email);
    if (email === undefined) {
      throw badInput('email', 'This is not an e-mail address.');
    }
    const fullName = readFullName(input.fullName);
    const language = readLanguage(input.language);
    const tenant = await readInTenant(issuer.db, tenantId, (trx) => getTenantSlug(trx, tenantId));
    assertNewPassword(input.password, { email, tenant });
    await issuer.throttle.countRegistration(client.address);
    const [isAllowed, isTaken] = await readInTenant(issuer.db, tenantId, (trx) =>
      Promise.all([allowsRegistration(trx, tenantId), isEmailTaken(trx, email)]),
    );
    if (!isAllowed) {
      throw new RefusalError('authz.permission.deny', {
        text: 'Customers cannot create their own accounts here.',
      });
    }
    if (isTaken && !issuer.mail) throw emailTaken();
    // Also for a taken address: the answer must take as long.
    const password = await issuer.passwords.hash(input.password, listQueueNetworks(client.address));
    if (issuer.mail) throw await beginRegistration(issuer, { tenantId, email, fullName, language, password });
    const { account, tokens } = await inTenant(issuer.db, tenantId, async (trx) => {
      const account = await insertUser(trx, {
        tenantId,
        email,
        fullName,
        language: language ?? null,
        password,
      });
      if (!account) {
        throw emailTaken();
      }
      const event = auditOwn('auth.account.registered', issuer, { tenantId, accountId: account.id, client });
      await writeAuditEvent(trx, event);
      return {
        account,
        tokens: await startSession(trx, issuer, { account, tenantId, client, cookies, amr: ['pwd'] }),
      };
    });
    // The account is committed: a counter that can't be written must not take its answer away.
    await issuer.throttle.remember({ tenantId, email, address: client.address }).catch(() => {});
    // Only after the account is committed: a cookie is sent even if the request fails later.
    return {
      ...deliverTokens(cookies, platform, tokens),
      deviceToken: await giveDeviceToken(issuer, devices, {
        account,
        deviceToken,
        sessionId: tokens.sessionId,
      }),
    };
  };
}

function emailTaken(): RefusalError {
  return badInput('email', 'There is an account with this e-mail already.');
}
