import { audienceOf, issuerOf, userScopes } from '@signet/schema/contract';
import type { UserAccount } from '../accounts/account.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { type AccessTokenSigner, signClaims, subjectClaims } from './access-token-signer.ts';

/** Signs customers' access tokens, and no others. */
export function createUserTokenSigner(issuerUrl: string, key: SigningKey): AccessTokenSigner<UserAccount> {
  return (subject, times) =>
    signClaims(
      {
        ...subjectClaims(subject, times),
        iss: issuerOf(issuerUrl, 'user'),
        aud: audienceOf('user'),
        platform: 'user',
        scope: userScopes.join(' '),
      },
      key,
    );
}
