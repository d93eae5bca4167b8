import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Platform, SigningAlgorithm } from '@signet/schema/contract';
import { ConfigError } from '@signet/service';
import { findRsaWeakness } from '@signet/session';
import type { KeyRing } from './key-ring.ts';
import { describePrivateKey, describePublicKey, type PublicKey, type SigningKey } from './signing-key.ts';

/** PEM texts of the configuration. */
export type PemKeys = {
  privateKey: string;
  /** Further keys whose tokens are accepted: the previous one, the next one. */
  publicKeys: string | undefined;
};

/**
 * The keys of the configuration. They change only when the process starts with others.
 *
 * @throws {ConfigError} naming the variable.
 */
export async function openPemKeyRing(platform: Platform, pems: PemKeys): Promise<KeyRing> {
  const prefix = platform.toUpperCase();
  const signing = await naming(`${prefix}_PRIVATE_KEY`, () => readPrivatePem(pems.privateKey));
  const { publicKeys } = pems;
  const others = publicKeys ? await naming(`${prefix}_PUBLIC_KEYS`, () => readPublicPems(publicKeys)) : [];
  const published = [signing, ...others.filter(({ kid }) => kid !== signing.kid)];
  return {
    platform,
    variable: `${prefix}_PRIVATE_KEY`,
    getSigningKey: async () => signing,
    listPublished: () => published,
    listAges: () => [],
    checkReady: async () => undefined,
    stop: async () => {},
  };
}

async function naming<T>(variable: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof PemError ? new ConfigError([`${variable}: ${error.message}`]) : error;
  }
}

/** A fault of a PEM text, for the operator. Never holds a part of the text. */
export class PemError extends Error {
  override readonly name = 'PemError';
}

const minRsaBits = 2048; // RFC 7518, section 3.3
const pemBlocks = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;

/**
 * Reads one private key: Ed25519, P-256 or RSA, PKCS #8, SEC 1 or PKCS #1, not encrypted.
 *
 * @throws {PemError}
 */
export async function readPrivatePem(pem: string): Promise<SigningKey> {
  const blocks = [...pem.matchAll(pemBlocks)].filter(([, label]) => label !== 'EC PARAMETERS');
  const [[text = '', label = ''] = []] = blocks;
  if (blocks.length !== 1 || !label.endsWith('PRIVATE KEY')) {
    throw new PemError('must hold one private key in PEM form, and nothing else');
  }
  if (label.startsWith('ENCRYPTED') || text.includes('ENCRYPTED')) {
    throw new PemError('is protected by a passphrase: decrypt it first (openssl pkey -in … -out …)');
  }
  const key = parse(() => createPrivateKey(text));
  return describePrivateKey(key, algorithmOf(key));
}

/**
 * Reads any number of public keys.
 *
 * @throws {PemError}
 */
export async function readPublicPems(pem: string): Promise<readonly PublicKey[]> {
  const blocks = [...pem.matchAll(pemBlocks)];
  if (blocks.length === 0 || blocks.some(([, label]) => label !== 'PUBLIC KEY')) {
    throw new PemError('must hold public keys in PEM form (PUBLIC KEY), and nothing else');
  }
  return Promise.all(
    blocks.map(async ([text]) => {
      const key = parse(() => createPublicKey(text));
      return describePublicKey(key, algorithmOf(key));
    }),
  );
}

function parse(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    throw new PemError('holds a key that can not be read');
  }
}

/** A key from elsewhere: a smart card may have made it. */
function assertNoWeakness(key: KeyObject): void {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const weakness = findRsaWeakness(publicKey.export({ format: 'jwk' }));
  if (weakness !== undefined) throw new PemError(`holds a weak RSA key: ${weakness}`);
}

/** The one algorithm that a key of this type signs with. */
function algorithmOf(key: KeyObject): SigningAlgorithm {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return 'EdDSA';
    case 'ec':
      if (namedCurve === 'prime256v1') return 'ES256';
      throw new PemError('holds an EC key of another curve than P-256');
    case 'rsa':
      if (modulusLength < minRsaBits) {
        throw new PemError(`holds an RSA key of fewer than ${minRsaBits} bits`);
      }
      assertNoWeakness(key);
      return 'RS256';
    default:
      throw new PemError('must be an Ed25519, P-256 or RSA key');
  }
}
