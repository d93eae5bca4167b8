import type { ProofEntrance, ProofRole } from './proof.ts';

/** A public key as in RFC 8037: 32 bytes in base64url. */
export type PublicKeyJwk = { kty: 'OKP'; crv: 'X25519'; x: string };
export type PrivateKeyJwk = PublicKeyJwk & { d: string };

/**
 * `key.json`: one service's own keys, one or two. The first signs and is what others sign for; the second is
 * accepted only (the next one before a switch, the last one after it).
 */
export type ProofKeyFile = { name: string; keys: PrivateKeyJwk[] };

/** `peers.json`: everybody's public keys, in the same order as in their own files. It is the same for all. */
export type ProofPeersFile = {
  peers: { [name: string]: { role: ProofRole; entrance?: ProofEntrance; keys: PublicKeyJwk[] } };
};

/** The private files by name, and the one peers.json. */
export type ProofSet = { keyFiles: { [name: string]: ProofKeyFile }; peers: ProofPeersFile };
