import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CryptoKey, calculateJwkThumbprint, importPKCS8, type JWK } from 'jose';
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, PrivateKeyJwt } from 'openid-client';
import type { ProviderEntry } from './providers-schema.ts';

/** How we prove to a provider who we are. */
export type ClientAuthentication = {
  /** As its metadata name it (RFC 7591, section 2). */
  method: 'private_key_jwt' | 'client_secret_basic' | 'client_secret_post';
  authenticate: ClientAuth;
};

type Fault = { field: string; fault: string };

/**
 * Reads the key or the secret of an entry.
 *
 * @param locate the path of a file that the entry names.
 * @returns what is wrong with the file, never with a part of it.
 */
export async function readClientAuthentication(
  entry: ProviderEntry,
  locate: (name: string) => string,
): Promise<ClientAuthentication | Fault> {
  const field = entry.privateKeyFile === undefined ? 'clientSecretFile' : 'privateKeyFile';
  let text: string;
  try {
    text = readFileSync(locate(entry[field] ?? ''), 'utf8').trim();
  } catch (error) {
    return { field, fault: `names a file that cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
  if (text === '') return { field, fault: 'names an empty file' };
  if (field === 'clientSecretFile') {
    return entry.clientSecretMethod === 'basic'
      ? { method: 'client_secret_basic', authenticate: ClientSecretBasic(text) }
      : { method: 'client_secret_post', authenticate: ClientSecretPost(text) };
  }
  try {
    const key = await importPKCS8(text, entry.keyAlgorithm);
    const kid = entry.keyId ?? (await thumbprintOf(text));
    return { method: 'private_key_jwt', authenticate: PrivateKeyJwt({ key: key as CryptoKey, kid }) };
  } catch {
    return { field, fault: `names a file that is no private key for ${entry.keyAlgorithm} in PEM (PKCS 8)` };
  }
}

/** RFC 7638, of the public half. */
function thumbprintOf(pem: string): Promise<string> {
  return calculateJwkThumbprint(createPublicKey(pem).export({ format: 'jwk' }) as JWK);
}
