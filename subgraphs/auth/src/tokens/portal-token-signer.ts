import { audienceOf, issuerOf, scopesOfRole } from '@signet/schema/contract';
import type { StaffAccount } from '../accounts/account.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { type AccessTokenSigner, signClaims, subjectClaims } from './access-token-signer.ts';

/** Signs staff's access tokens, and no others. The scopes follow from the role at this moment. */
export function createPortalTokenSigner(issuerUrl: string, key: SigningKey): AccessTokenSigner<StaffAccount> {
  return (subject, times) =>
    signClaims(
      {
        ...subjectClaims(subject, times),
        iss: issuerOf(issuerUrl, 'portal'),
        aud: audienceOf('portal'),
        platform: 'portal',
        role: subject.account.role,
        scope: scopesOfRole[subject.account.role].join(' '),
      },
      key,
    );
}
