import { argon2Sync, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcryptjs';

export type Argon2 = {
  algorithm: 'argon2id' | 'argon2i' | 'argon2d';
  /** In KiB. */
  memory: number;
  passes: number;
  parallelism: number;
};
type Scrypt = { algorithm: 'scrypt'; N: number; r: number; p: number };
type Pbkdf2 = { algorithm: 'pbkdf2'; digest: 'sha1' | 'sha256' | 'sha512'; iterations: number };
type Derived = (Argon2 | Scrypt | Pbkdf2) & { salt: Buffer; tag: Buffer };

/** What the text of a stored hash says of its making. */
export type StoredHash = { algorithm: 'bcrypt'; cost: number } | Derived;

/** What is beyond would let one sign-in take a thread for seconds, or the memory of the process. */
const bounds = {
  bcryptCost: 14,
  /** 128 MiB, in KiB; scrypt takes 128 * N * r bytes. */
  memoryKib: 131_072,
  /** Memory in KiB, times passes. */
  argon2Work: 524_288,
  /** N * r * p */
  scryptWork: 2 ** 21,
  parallelism: 16,
  iterations: { min: 1000, max: 2_000_000 },
  saltBytes: { min: 8, max: 64 },
  tagBytes: { min: 16, max: 64 },
} as const;

const form =
  "must be a hash of bcrypt ($2a$, $2b$, $2y$), of Argon2, scrypt or PBKDF2 in PHC's string format, or Django's pbkdf2_sha256$…";

/**
 * Reads a stored hash: of bcrypt; of Argon2 (RFC 9106), scrypt (RFC 7914) or PBKDF2 (RFC 8018) in PHC's string format, also as Passlib
 * writes it; of PBKDF2 as Django writes it.
 *
 * @returns a text that names the fault, and nothing of the hash, where the form is another one or a parameter is out of bounds.
 */
export function parseStoredHash(text: string): StoredHash | string {
  if (text.length > 400) return 'must have at most 400 characters';
  const [first = '', second = '', ...rest] = text.split('$');
  const [, djangoDigest] = /^pbkdf2_(sha1|sha256|sha512)$/.exec(first) ?? [];
  if (djangoDigest) return parseDjango(djangoDigest as Pbkdf2['digest'], [second, ...rest]);
  if (first !== '') return form;
  if (/^2[aby]$/.test(second)) return parseBcrypt(text);
  if (/^argon2(id|i|d)$/.test(second)) return parseArgon2(second as Argon2['algorithm'], rest);
  if (second === 'scrypt') return parseScrypt(rest);
  const pbkdf2 = /^pbkdf2(?:-(sha1|sha256|sha512))?$/.exec(second);
  return pbkdf2 ? parsePbkdf2((pbkdf2[1] ?? 'sha1') as Pbkdf2['digest'], rest) : form;
}

/** Whether it is the hash of a text. Takes as long as its parameters say, and blocks. */
export function isHashOf(text: string, hash: string, stored: StoredHash): boolean {
  return stored.algorithm === 'bcrypt'
    ? bcrypt.compareSync(text, hash)
    : timingSafeEqual(deriveTag(text, stored), stored.tag);
}

/** Argon2 in PHC's string format, version 1.3. */
export function formatArgon2(text: string, { algorithm, ...parameters }: Argon2, salt: Buffer): string {
  const tag = deriveTag(text, { algorithm, ...parameters, salt, tag: Buffer.alloc(32) });
  const { memory, passes, parallelism } = parameters;
  return `$${algorithm}$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;
}

function deriveTag(text: string, stored: Derived): Buffer {
  const { salt, tag } = stored;
  switch (stored.algorithm) {
    case 'scrypt': {
      const { N, r, p } = stored;
      return scryptSync(text, salt, tag.length, { N, r, p, maxmem: 2 * 1024 * bounds.memoryKib });
    }
    case 'pbkdf2':
      return pbkdf2Sync(text, salt, stored.iterations, tag.length, stored.digest);
    default: {
      const { algorithm, memory, passes, parallelism } = stored;
      const message = Buffer.from(text);
      const parameters = { message, nonce: salt, memory, passes, parallelism, tagLength: tag.length };
      return argon2Sync(algorithm, parameters);
    }
  }
}

function parseBcrypt(text: string): StoredHash | string {
  const [, digits] = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text) ?? [];
  if (digits === undefined) return form;
  const cost = Number(digits);
  return cost < 4 || cost > bounds.bcryptCost
    ? `has a cost outside 4 to ${bounds.bcryptCost}`
    : { algorithm: 'bcrypt', cost };
}

/** `v=19$m=65536,t=3,p=4$salt$tag` */
function parseArgon2(algorithm: Argon2['algorithm'], fields: readonly string[]): StoredHash | string {
  const [, m, t, p, salt, tag] =
    /^v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([^$]+)\$([^$]+)$/.exec(fields.join('$')) ?? [];
  if (m === undefined)
    return 'must be $argon2id$v=19$m=…,t=…,p=…$salt$tag (version 1.3, without further parameters)';
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  const isWithin =
    passes >= 1 &&
    parallelism >= 1 &&
    parallelism <= bounds.parallelism &&
    memory >= 8 * parallelism &&
    memory <= bounds.memoryKib &&
    memory * passes <= bounds.argon2Work;
  if (!isWithin) {
    return `has parameters beyond m=${bounds.memoryKib}, p=${bounds.parallelism} or m × t = ${bounds.argon2Work}`;
  }
  return withBytes({ algorithm, memory, passes, parallelism }, decode(salt), decode(tag));
}

/** `ln=17,r=8,p=1$salt$tag` */
function parseScrypt(fields: readonly string[]): StoredHash | string {
  const [, ln, blocks, parallel, salt, tag] =
    /^ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([^$]+)\$([^$]+)$/.exec(fields.join('$')) ?? [];
  if (ln === undefined) return 'must be $scrypt$ln=…,r=…,p=…$salt$tag';
  const [N, r, p] = [2 ** Number(ln), Number(blocks), Number(parallel)];
  const isWithin =
    N >= 2 &&
    r >= 1 &&
    p >= 1 &&
    p <= bounds.parallelism &&
    (N * r) / 8 <= bounds.memoryKib &&
    N * r * p <= bounds.scryptWork;
  if (!isWithin) {
    return `has parameters beyond 128 MiB (128 × N × r), p=${bounds.parallelism} or N × r × p = ${bounds.scryptWork}`;
  }
  return withBytes({ algorithm: 'scrypt', N, r, p }, decode(salt), decode(tag));
}

/** Passlib's `29000$salt$tag`, or `i=29000$salt$tag` with an `l` for the length of the tag. */
function parsePbkdf2(digest: Pbkdf2['digest'], fields: readonly string[]): StoredHash | string {
  const [, iterations, length, salt, tag] =
    /^(?:i=)?(\d{1,9})(?:,l=(\d{1,2}))?\$([^$]+)\$([^$]+)$/.exec(fields.join('$')) ?? [];
  if (iterations === undefined) return 'must be $pbkdf2-sha256$iterations$salt$tag';
  const decoded = decode(tag);
  if (length !== undefined && decoded?.length !== Number(length))
    return 'has a tag of another length than its l says';
  return withIterations(digest, iterations, decode(salt), decoded);
}

/** `600000$salt$tag`: the salt is text, the tag base64 with its padding. */
function parseDjango(digest: Pbkdf2['digest'], fields: readonly string[]): StoredHash | string {
  const [, iterations, salt, tag] = /^(\d{1,9})\$([\x21-\x7e]+)\$([^$]+)$/.exec(fields.join('$')) ?? [];
  if (iterations === undefined || salt === undefined) return `must be pbkdf2_${digest}$iterations$salt$tag`;
  return withIterations(digest, iterations, Buffer.from(salt), decode(tag?.replace(/=+$/, '')));
}

function withIterations(
  digest: Pbkdf2['digest'],
  digits: string,
  salt: Buffer | undefined,
  tag: Buffer | undefined,
): StoredHash | string {
  const iterations = Number(digits);
  const { min, max } = bounds.iterations;
  if (iterations < min || iterations > max) return `has fewer than ${min} or more than ${max} iterations`;
  return withBytes({ algorithm: 'pbkdf2', digest, iterations }, salt, tag);
}

function withBytes(
  parameters: Argon2 | Scrypt | Pbkdf2,
  salt: Buffer | undefined,
  tag: Buffer | undefined,
): StoredHash | string {
  if (!isWithin(salt, bounds.saltBytes)) return 'has a salt that is no base64 of 8 to 64 bytes';
  if (!isWithin(tag, bounds.tagBytes)) return 'has a tag that is no base64 of 16 to 64 bytes';
  return { ...parameters, salt, tag };
}

function isWithin(bytes: Buffer | undefined, { min, max }: { min: number; max: number }): bytes is Buffer {
  return bytes !== undefined && bytes.length >= min && bytes.length <= max;
}

/** PHC's base64: without padding. Passlib has `.` in the place of `+`. */
function decode(text = ''): Buffer | undefined {
  const bytes = Buffer.from(text.replaceAll('.', '+'), 'base64');
  return encode(bytes) === text.replaceAll('.', '+') ? bytes : undefined;
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
