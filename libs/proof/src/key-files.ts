import { z } from 'zod';
import { type ProofEntrance, type ProofRole, proofEntrances, proofRoles } from './proof.ts';

/** A public key (RFC 8037): `x` is 32 bytes in base64url. */
export type PublicKeyJwk = { kty: 'OKP'; crv: 'X25519'; x: string };
export type PrivateKeyJwk = PublicKeyJwk & { d: string };

/**
 * `key.json`: one or two keys of one service. The first is in use: its owner signs with it, and others sign for it. The second is
 * accepted only (the next key before a switch, the last key after it).
 */
export type ProofKeyFile = {
  name: string;
  /** The last step of a rotation under way: after `published` the second key is the next one, after `switched` the last one. */
  rotation?: { step: 'published' | 'switched'; at: string } | undefined;
  keys: PrivateKeyJwk[];
};

/** `peers.json`: the public keys of all services, in the order of their own files. The same file for all. */
export type ProofPeersFile = {
  peers: { [name: string]: { role: ProofRole; entrance?: ProofEntrance | undefined; keys: PublicKeyJwk[] } };
};

/** The key files by name, and the one peers.json. */
export type ProofSet = { keyFiles: { [name: string]: ProofKeyFile }; peers: ProofPeersFile };

/** A name never holds the `|` that separates two names in a key derivation. `peers` is a folder beside those of services. */
export const proofName = z
  .string('must be a name')
  .regex(
    /^(?!peers$)[a-z][a-z0-9-]{0,62}$/,
    'must be a name of small letters, digits and dashes (and not peers)',
  );

/** The last of 43 letters carries two bits that are not part of the 32 bytes. They must be 0, so that a key has one spelling. */
const bytes32 = z
  .string('must be 32 bytes in base64url')
  .regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url');

const publicMembers = {
  kty: z.literal('OKP', 'must be OKP'),
  crv: z.literal('X25519', 'must be X25519'),
  x: bytes32,
};
const privateMember =
  'is a private key: everybody who reads this file can sign. Make new keys, and publish only public ones';

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

/** The content of a file, or its faults: a line each, with the file and the field, never with a value. */
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
    // The parser's message would quote the text.
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
