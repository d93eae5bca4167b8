import { hasValidPasswordLength, passwordLength } from '@signet/db/password-hash';
import { badInput } from '@signet/service';
import { commonPasswords } from './common-passwords.ts';

/**
 * @param email normalised, of the account: not its own password.
 * @param field where the client sent it.
 * @throws {RefusalError} input.password, or that of the other field.
 */
export function assertNewPassword(password: string, email: string, field = 'password'): void {
  if (!hasValidPasswordLength(password)) {
    const { min, max } = passwordLength;
    throw badInput(field, `The password must have ${min} to ${max} characters.`);
  }
  // Other systems cut at NUL, and nobody types a control character twice the same way.
  if (/\p{Cc}/u.test(password) || !password.isWellFormed()) {
    throw badInput(field, 'The password must not hold control characters.');
  }
  const plain = password.normalize('NFKC').toLowerCase();
  if (commonPasswords.has(plain) || plain === email || /^(.{1,3})\1+$/u.test(plain)) {
    throw badInput(field, 'The password is too common: others guess it first.');
  }
}
