import { RefusalError } from '@signet/service';
import type { PlatformIssuer } from '../platform-issuer.ts';
import type { Outbox } from './outbox.ts';

/** @throws {RefusalError} authz.permission.deny where no mail is configured: what is asked for needs one. */
export function requireOutbox({ mail }: Pick<PlatformIssuer, 'mail'>): Outbox {
  if (mail) return mail;
  throw new RefusalError('authz.permission.deny', {
    text: 'No mail is configured here, and this needs one.',
  });
}
