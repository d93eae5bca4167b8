import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** What every authenticator app knows (RFC 6238 with RFC 4226): others ignore what else a URI says. */
const form = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Steps that the clocks of a phone and of this process may differ by (RFC 6238, section 5.2). */
const driftSteps = 1;
/** As long as the hash (RFC 4226, section 4). */
const secretLength = 20;

export function createTotpSecret(): Buffer {
  return randomBytes(secretLength);
}

/** What an app needs: the secret to type in base32, and the URI of the QR code. `issuer` and `label` are what the app shows. */
export function describeTotp(
  secret: Uint8Array,
  { issuer, label }: { issuer: string; label: string },
): { secret: string; uri: string } {
  const totp = new TOTP({ ...form, issuer, label, secret: toSecret(secret) });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/**
 * The time step of which `code` is the password, if it is of this one or of a neighbour. Compared in constant time. A step must be used
 * once only: `claimTotpStep`.
 */
export function findTotpStep(secret: Uint8Array, code: string, now: Date): number | undefined {
  const token = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const timestamp = now.getTime();
  const delta = TOTP.validate({ ...form, token, secret: toSecret(secret), timestamp, window: driftSteps });
  return delta === null ? undefined : Math.floor(timestamp / 1000 / form.period) + delta;
}

function toSecret(bytes: Uint8Array): Secret {
  return new Secret({ buffer: Uint8Array.from(bytes).buffer });
}
