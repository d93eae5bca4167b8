import type { JsonObject } from '@signet/service';
import type { Account } from '../accounts/account.ts';
import type { StoredPasskey } from './passkey.queries.ts';
import { challengeSeconds } from './passkey-challenge.ts';
import type { RelyingParty } from './passkey-settings.ts';

/** EdDSA, ES256 and RS256 (IANA's COSE algorithms), which every authenticator has one of. The first is preferred. */
export const passkeyAlgorithms = [-8, -7, -257];

type Registration = {
  challenge: string;
  party: RelyingParty;
  /** What people call the tenant. */
  tenant: string;
  account: Pick<Account, 'email' | 'fullName'>;
  userHandle: Buffer;
  /** An authenticator that has one of them makes no second one. */
  existing: readonly StoredPasskey[];
};

/** `PublicKeyCredentialCreationOptionsJSON` (WebAuthn Level 3, section 5.1.9), for `PublicKeyCredential.parseCreationOptionsFromJSON`. */
export function describeRegistration(asked: Registration): JsonObject {
  const { challenge, party, tenant, account, userHandle, existing } = asked;
  return {
    challenge,
    rp: { id: party.id, name: tenant },
    user: {
      id: userHandle.toString('base64url'),
      name: account.email,
      displayName: account.fullName === '' ? account.email : account.fullName,
    },
    pubKeyCredParams: passkeyAlgorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: challengeSeconds * 1000,
    excludeCredentials: existing.map(describeCredential),
    // Discoverable where the authenticator can: then it signs in without a password.
    authenticatorSelection: {
      residentKey: 'preferred',
      requireResidentKey: false,
      userVerification: 'preferred',
    },
    attestation: 'none',
    extensions: { credProps: true },
  };
}

type Use = {
  challenge: string;
  party: RelyingParty;
  /** Empty for anybody's: the person chooses one. */
  allowed: readonly StoredPasskey[];
  userVerification: 'required' | 'preferred';
};

/** `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3, section 5.1.10), for `PublicKeyCredential.parseRequestOptionsFromJSON`. */
export function describeUse({ challenge, party, allowed, userVerification }: Use): JsonObject {
  return {
    challenge,
    rpId: party.id,
    timeout: challengeSeconds * 1000,
    allowCredentials: allowed.map(describeCredential),
    userVerification,
  };
}

function describeCredential({ credentialId, transports }: StoredPasskey): JsonObject {
  return { type: 'public-key', id: credentialId.toString('base64url'), transports };
}
