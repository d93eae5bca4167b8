import { hasValidPasswordLength, passwordLength } from '@signet/db/password-hash';
import { badInput } from '@signet/service';
import { commonPasswords } from './common-passwords.ts';

/**
 * @param email normalised, of the account: not its own password.
 * @throws {RefusalError} input.password
 */
export function assertNewPassword(password: string, email: string): void {
  if (!hasValidPasswordLength(password)) {
    const { min, max } = passwordLength;
    throw badInput('password', `The password must have ${min} to ${max} characters.`);
  }
  // Other systems cut at NUL, and nobody types a control character twice the same way.
  if (/\p{Cc}/u.test(password) || !password.isWellFormed()) {
    throw badInput('password', 'The password must not hold control characters.');
  }
  const plain = password.normalize('NFKC').toLowerCase();
  if (commonPasswords.has(plain) || plain === email || /^(.{1,3})\1+$/u.test(plain)) {
    throw badInput('password', 'The password is too common: others guess it first.');
  }
}
