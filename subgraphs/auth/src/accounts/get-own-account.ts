import { RefusalError } from '@signet/service';
import type { HeldPlatform } from '../context.ts';
import type { Account } from './account.ts';

/**
 * The account of whoever asks, as it is now.
 *
 * @throws {RefusalError} auth.failure.revoked when it was deactivated after the token was signed.
 */
export async function getOwnAccount<A extends Account>(
  { accounts }: HeldPlatform<A>,
  id: string,
): Promise<A> {
  const account = await accounts.load(id);
  if (!account?.isActive) {
    throw new RefusalError('auth.failure.revoked');
  }
  return account;
}
