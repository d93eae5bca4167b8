import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** PostgreSQL's own default. */
const iterations = 4096;

/**
 * The verifier that PostgreSQL stores for SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677). Sent in place of the password, so
 * that no server log ever holds the password itself.
 */
export function createScramVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  rounds = iterations,
): string {
  // RFC 4013 (SASLprep) in full is out of scope: NFKC is what it does to all but exotic spaces.
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, rounds, 32, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** Whether a stored verifier (pg_authid.rolpassword) belongs to this password. */
export function matchesScramVerifier(verifier: string, password: string): boolean {
  const [, rounds, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier) ?? [];
  if (!rounds || !salt) return false;
  const expected = Buffer.from(createScramVerifier(password, Buffer.from(salt, 'base64'), Number(rounds)));
  const given = Buffer.from(verifier);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
