import { KeyObject } from 'node:crypto';
import type { ReadAssertion } from './client-assertion.ts';
import type { ServiceAccount, ServiceCredential } from './service-accounts.ts';

type FoundKey = { key: KeyObject; credential: ServiceCredential };

const keyObjects = new WeakMap<object, KeyObject>();

/**
 * The key of an account that an assertion names: a registered one, else one of its key sets. The key must be one for the algorithm of the
 * header (RFC 8725, section 3.1).
 *
 * @returns `unavailable` where no key is found, and a key set of the client could not be read.
 */
export async function findAssertionKey(
  { credentials }: ServiceAccount,
  { kid, algorithm }: Pick<ReadAssertion, 'kid' | 'algorithm'>,
): Promise<FoundKey | 'unknown' | 'unavailable'> {
  for (const credential of credentials) {
    if (credential.kind !== 'key' || credential.kid !== kid) continue;
    return credential.algorithm === algorithm ? { key: credential.key, credential } : 'unknown';
  }
  let isUnavailable = false;
  for (const credential of credentials) {
    if (credential.kind !== 'jwks') continue;
    const found = credential.keys.peekKey(kid) ?? (await credential.keys.findKey(kid));
    if (found === 'unavailable') isUnavailable = true;
    else if (found !== 'unknown' && found.algorithm === algorithm) {
      const key = keyObjects.get(found.key) ?? KeyObject.from(found.key as never);
      keyObjects.set(found.key, key);
      return { key, credential };
    }
  }
  return isUnavailable ? 'unavailable' : 'unknown';
}
