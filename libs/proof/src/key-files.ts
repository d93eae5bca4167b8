import { z } from 'zod';
import { type ProofEntrance, type ProofRole, proofEntrances, proofRoles } from './proof.ts';

/** A public key as in RFC 8037: 32 bytes in base64url. */
export type PublicKeyJwk = { kty: 'OKP'; crv: 'X25519'; x: string };
export type PrivateKeyJwk = PublicKeyJwk & { d: string };

/**
 * `key.json`: one service's own keys, one or two. The first signs and is what others sign for; the second is
 * accepted only (the next one before a switch, the last one after it).
 */
export type ProofKeyFile = {
  name: string;
  /** The last step of a rotation that is under way: the second key is the next one, or the last one. */
  rotation?: { step: 'published' | 'switched'; at: string } | undefined;
  keys: PrivateKeyJwk[];
};

/** `peers.json`: everybody's public keys, in the same order as in their own files. It is the same for all. */
export type ProofPeersFile = {
  peers: { [name: string]: { role: ProofRole; entrance?: ProofEntrance | undefined; keys: PublicKeyJwk[] } };
};

/** The private files by name, and the one peers.json. */
export type ProofSet = { keyFiles: { [name: string]: ProofKeyFile }; peers: ProofPeersFile };

/** No name holds the `|` that separates two of them in a key derivation. `peers` is a folder beside those of services. */
export const proofName = z
  .string('must be a name')
  .regex(
    /^(?!peers$)[a-z][a-z0-9-]{0,62}$/,
    'must be a name of small letters, digits and dashes (and not peers)',
  );

/** The last of 43 letters carries two bits that are no part of the 32 bytes: they must be 0, so that a key has one name. */
const bytes32 = z
  .string('must be 32 bytes in base64url')
  .regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url');

const publicMembers = {
  kty: z.literal('OKP', 'must be OKP'),
  crv: z.literal('X25519', 'must be X25519'),
  x: bytes32,
};
const privateMember =
  'is a private key: whoever reads this file can sign. Make new keys, and give out public ones only';

const publicKey = z
  .strictObject({ ...publicMembers, d: z.undefined({ error: privateMember }).optional() })
  .transform(({ kty, crv, x }): PublicKeyJwk => ({ kty, crv, x }));

function oneOrTwo<T extends z.ZodType>(key: T) {
  const fault = 'must be a list of one key or two';
  return z.array(key, fault).min(1, fault).max(2, fault);
}

const rotation = z.strictObject({
  step: z.enum(['published', 'switched'], 'must be published or switched'),
  at: z.iso.datetime('must be a time in UTC, as 2026-01-31T12:00:00Z'),
});
const keyFile = z.strictObject({
  name: proofName,
  rotation: rotation.optional(),
  keys: oneOrTwo(z.strictObject({ ...publicMembers, d: bytes32 })),
});

const peer = z
  .strictObject({
    role: z.enum(proofRoles, `must be ${proofRoles.join(' or ')}`),
    entrance: z.enum(proofEntrances, `must be one of ${proofEntrances.join(', ')}`).optional(),
    keys: oneOrTwo(publicKey),
  })
  .refine(({ role, entrance }) => (role === 'gateway') === (entrance !== undefined), {
    path: ['entrance'],
    error: 'belongs to the role gateway, and to no other',
  });

const peersFile = z.strictObject({ peers: z.record(proofName, peer, 'must be an object of names') });

export type FileText = { path: string; text: string };

/** What a file says, or its faults: a line each, with the file and the field, never with a value. */
export type Parsed<T> = { value: T; faults?: never } | { value?: never; faults: string[] };

export function parseKeyFile(file: FileText): Parsed<ProofKeyFile> {
  return parse(keyFile, file);
}

export function parsePeersFile(file: FileText): Parsed<ProofPeersFile> {
  return parse(peersFile, file);
}

function parse<T>(schema: z.ZodType<T>, { path, text }: FileText): Parsed<T> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    return { faults: [`${path}: is not JSON`] };
  }
  const result = schema.safeParse(content);
  return result.success
    ? { value: result.data }
    : { faults: [...new Set(result.error.issues.map((issue) => `${path}: ${describeIssue(issue)}`))] };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const field = issue.path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
  if (issue.code === 'unrecognized_keys') {
    return `${field || 'the file'}: knows no ${issue.keys.join(', ')}`;
  }
  if (issue.code === 'invalid_key') {
    return `${field}: ${issue.issues[0]?.message ?? 'is no name'}`;
  }
  return `${field || 'the file'}: ${issue.code === 'invalid_type' && !field ? 'must be an object' : issue.message}`;
}
