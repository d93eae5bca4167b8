import { findPasswordFault, type PasswordOwner } from '@signet/db/new-password';
import { badInput } from '@signet/service';

/**
 * @param field where the client sent it.
 * @throws {RefusalError} input.password, or that of the other field.
 */
export function assertNewPassword(password: string, owner: PasswordOwner, field = 'password'): void {
  const fault = findPasswordFault(password, owner);
  if (fault) {
    throw badInput(field, fault);
  }
}
