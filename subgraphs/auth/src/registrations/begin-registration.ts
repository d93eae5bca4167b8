import { inTenant } from '@signet/db';
import type { PasswordHash } from '@signet/db/password-hash';
import { RefusalError } from '@signet/service';
import { findOwnerOfEmail } from '../accounts/account.queries.ts';
import type { UserAccount } from '../accounts/account.ts';
import { addSeconds } from '../dates.ts';
import { linkTo, queueMail } from '../mail/outbox.ts';
import { requireOutbox } from '../mail/require-outbox.ts';
import { queueAccountExists } from '../mail/token-mails.ts';
import type { PlatformIssuer } from '../platform-issuer.ts';
import { insertRegistration } from './registration.queries.ts';

const registrationSeconds = 24 * 3600;

type Beginning = {
  tenantId: string;
  email: string;
  fullName: string;
  language: string | undefined;
  password: PasswordHash;
};

/**
 * Begins a registration that the mailbox must answer. Whether the address has an account shows in the mail only: the same rows are
 * written for all, and the registration of an address that has an owner is one whose token nobody gets.
 *
 * @returns the refusal that asks for the mail: auth.challenge_required.
 */
export async function beginRegistration(
  issuer: PlatformIssuer<UserAccount>,
  { tenantId, email, fullName, language, password }: Beginning,
): Promise<RefusalError> {
  requireOutbox(issuer);
  const createdAt = issuer.now();
  const expiresAt = addSeconds(createdAt, registrationSeconds);
  const mayMail = (await issuer.throttle.takeMail({ tenantId, email, purpose: 'register' })) === 0;
  const challenge = await inTenant(issuer.db, tenantId, async (trx) => {
    const earlier = await findOwnerOfEmail(trx, issuer.tables, email);
    const waiting = { tenantId, email, fullName, language: language ?? null, password, createdAt, expiresAt };
    const { token, challenge } = await insertRegistration(trx, waiting);
    if (mayMail) {
      if (earlier && (earlier.wasVerified || !earlier.isActive)) {
        await queueAccountExists(trx, issuer, { tenantId, account: earlier, to: email, language });
      } else {
        const values = { link: linkTo(issuer, 'verifyEmail', token), validFor: registrationSeconds };
        await queueMail(trx, issuer, { tenantId, to: email, language, template: 'verify-email', values });
      }
    }
    return challenge;
  });
  return new RefusalError('auth.challenge_required', {
    text: 'A mail was sent to this address. Use its link to go on.',
    challenge: { id: challenge, methods: ['email'], expiresAt: expiresAt.toISOString() },
  });
}
