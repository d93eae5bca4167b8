import { badInput, type RefusalError } from '@signet/service';
import { z } from 'zod';

const base64url = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[\w-]+$/);
/** A credential id has at most 1023 bytes (WebAuthn Level 3, section 4). */
const credentialId = base64url(1364);
const clientDataJSON = base64url(8192);
const transport = z.string().regex(/^[a-z-]{1,20}$/);

const credential = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
};
const registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON,
    attestationObject: base64url(16_384),
    transports: z.array(transport).max(10).default([]),
  }),
});
const use = z.object({
  ...credential,
  response: z.object({
    clientDataJSON,
    authenticatorData: base64url(4096),
    signature: base64url(4096),
    userHandle: base64url(128).nullish(),
  }),
});

/** What `credentials.create()` gave (`RegistrationResponseJSON`, WebAuthn Level 3, section 5.1.8). */
export type PasskeyRegistration = z.output<typeof registration>;
/** What `credentials.get()` gave (`AuthenticationResponseJSON`). */
export type PasskeyUse = z.output<typeof use>;

/** @throws {RefusalError} input.passkey */
export function readRegistration(sent: unknown): PasskeyRegistration {
  const { success, data } = registration.safeParse(sent);
  if (success) return data;
  throw badPasskey('Send what toJSON() of the new credential gave.');
}

/** @throws {RefusalError} input.passkey */
export function readUse(sent: unknown): PasskeyUse {
  const { success, data } = use.safeParse(sent);
  if (success) return data;
  throw badPasskey('Send what toJSON() of the credential gave.');
}

const clientData = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
});

/** What the browser says: it writes these lines, and no page can. */
export type ClientData = z.output<typeof clientData>;

/** @throws {RefusalError} input.passkey */
export function readClientData(text: string): ClientData {
  try {
    const bytes = Buffer.from(text, 'base64url');
    return clientData.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw badPasskey('clientDataJSON is malformed.');
  }
}

/** One reason for every answer of a passkey that is refused. The text says what is wrong with it. */
export function badPasskey(text: string): RefusalError {
  return badInput('passkey', text);
}
