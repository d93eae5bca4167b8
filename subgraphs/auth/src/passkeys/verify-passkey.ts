import { createHash, timingSafeEqual } from 'node:crypto';
import type { VerifiedAuthenticationResponse, VerifiedRegistrationResponse } from '@simplewebauthn/server';
import type { NewPasskey, StoredPasskey } from './passkey.queries.ts';
import type { PasskeyPurpose } from './passkey-challenge.ts';
import { passkeyAlgorithms } from './passkey-options.ts';
import { badPasskey, type PasskeyRegistration, type PasskeyUse, readClientData } from './passkey-response.ts';
import type { Passkeys } from './passkeys.ts';

/** A third of a second of CPU: only for who uses it. */
const importWebAuthn = () => import('@simplewebauthn/server');
const importHelpers = () => import('@simplewebauthn/server/helpers');

export type Expected = { passkeys: Passkeys; purpose: PasskeyPurpose; now: Date };
/** The challenge that was answered. Use it up in the transaction of what the answer does. */
export type AnsweredChallenge = { text: string; expiresAt: Date };

/**
 * Checks what an authenticator made, up to the use of the challenge (WebAuthn Level 3, section 7.1). No attestation is asked for and none is
 * read: a chain of certificates would have this process fetch what it names.
 *
 * @returns the passkey, how the person was checked, and the challenge.
 * @throws {RefusalError} input.passkey
 */
export async function verifyRegistration(
  sent: PasskeyRegistration,
  expected: Expected,
): Promise<{ passkey: NewPasskey; isUserVerified: boolean; challenge: AnsweredChallenge }> {
  const challenge = checkClientData(sent.response.clientDataJSON, 'webauthn.create', expected);
  await assertNoCertificates(sent.response.attestationObject);
  const { verifyRegistrationResponse } = await importWebAuthn();
  const { party } = expected.passkeys;
  const { registrationInfo } = await verifyRegistrationResponse({
    response: { ...sent, response: { ...sent.response, transports: [] } },
    expectedChallenge: challenge.text,
    expectedOrigin: [...party.origins],
    expectedRPID: party.id,
    requireUserVerification: false,
    supportedAlgorithmIDs: passkeyAlgorithms,
  }).catch((): VerifiedRegistrationResponse => ({ verified: false }));
  if (!registrationInfo) throw invalid();
  const { credential, credentialDeviceType, credentialBackedUp, aaguid, userVerified } = registrationInfo;
  return {
    challenge,
    isUserVerified: userVerified,
    passkey: {
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: Buffer.from(credential.publicKey),
      signCount: credential.counter,
      transports: sent.response.transports,
      deviceType: credentialDeviceType === 'multiDevice' ? 'multi_device' : 'single_device',
      isBackedUp: credentialBackedUp,
      aaguid,
    },
  };
}

export type VerifiedUse = {
  challenge: AnsweredChallenge;
  signCount: number;
  isBackedUp: boolean;
  isUserVerified: boolean;
};

/**
 * Checks an answer before its passkey is known: what the browser and the authenticator say (WebAuthn Level 3, section 7.2, steps 11 to 18).
 *
 * @throws {RefusalError} input.passkey
 */
export function checkUse(
  { response }: PasskeyUse,
  { mustVerifyUser, ...expected }: Expected & { mustVerifyUser: boolean },
): AnsweredChallenge {
  const challenge = checkClientData(response.clientDataJSON, 'webauthn.get', expected);
  const data = Buffer.from(response.authenticatorData, 'base64url');
  // Section 6.1: the hash of the RP ID, then the flags.
  const rpIdHash = createHash('sha256').update(expected.passkeys.party.id).digest();
  if (data.length < 37 || !timingSafeEqual(data.subarray(0, 32), rpIdHash)) {
    throw badPasskey('This passkey is of another domain.');
  }
  const isUserVerified = ((data[32] ?? 0) & 0b100) !== 0;
  if (mustVerifyUser && !isUserVerified) {
    throw badPasskey(
      'The authenticator did not check who uses it: a PIN, a fingerprint or the like is needed.',
    );
  }
  return challenge;
}

/**
 * Checks the signature of an answer, and what it says against what is known of the passkey (the further steps of section 7.2). The counter is
 * compared later, when the signature is known to be right: nobody else can have a passkey disabled.
 *
 * @throws {RefusalError} input.passkey
 */
export async function verifyUse(
  sent: PasskeyUse,
  { credentialId, publicKey, deviceType }: StoredPasskey,
  { challenge, expected }: { challenge: AnsweredChallenge; expected: Expected },
): Promise<VerifiedUse> {
  const { verifyAuthenticationResponse } = await importWebAuthn();
  const { clientDataJSON, authenticatorData, signature } = sent.response;
  const { party } = expected.passkeys;
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    // Whose it is was checked before.
    response: { ...sent, response: { clientDataJSON, authenticatorData, signature } },
    expectedChallenge: challenge.text,
    expectedOrigin: [...party.origins],
    expectedRPID: party.id,
    requireUserVerification: false,
    credential: {
      id: credentialId.toString('base64url'),
      publicKey: Uint8Array.from(publicKey),
      counter: 0,
    },
  }).catch((): Partial<VerifiedAuthenticationResponse> => ({ verified: false }));
  if (!verified || !authenticationInfo) throw invalid();
  const { newCounter, credentialBackedUp, credentialDeviceType, userVerified } = authenticationInfo;
  // Whether it can be on several devices never changes.
  if ((credentialDeviceType === 'multiDevice') !== (deviceType === 'multi_device')) throw invalid();
  return {
    challenge,
    signCount: newCounter,
    isBackedUp: credentialBackedUp,
    isUserVerified: userVerified,
  };
}

function checkClientData(
  clientDataJSON: string,
  type: 'webauthn.create' | 'webauthn.get',
  { passkeys: { party, challenges }, purpose, now }: Expected,
): AnsweredChallenge {
  const said = readClientData(clientDataJSON);
  if (said.type !== type) throw badPasskey(`The type of the client data is not ${type}.`);
  if (said.crossOrigin) throw badPasskey('Passkeys do not work in a frame of another origin.');
  if (!party.origins.includes(said.origin)) throw badPasskey('Passkeys of this origin are not accepted.');
  const live = challenges.read(said.challenge, purpose, now);
  if (!live) throw overChallenge();
  return { text: said.challenge, ...live };
}

/** None, or of the passkey itself (sections 8.2 and 8.7): browsers replace all others where none is asked for. */
async function assertNoCertificates(attestationObject: string): Promise<void> {
  const { decodeAttestationObject } = await importHelpers();
  let isPlain = false;
  try {
    const decoded = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url')));
    const format = decoded.get('fmt');
    isPlain = format === 'none' || (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined);
  } catch {
    throw invalid();
  }
  if (!isPlain) throw badPasskey('Send no attestation: none was asked for.');
}

function invalid() {
  return badPasskey('The answer of the passkey is not valid.');
}

/** One text, whatever is wrong: unknown, of something else, over or used. */
export function overChallenge() {
  return badPasskey('This challenge is over, was answered, or is for something else. Begin again.');
}
