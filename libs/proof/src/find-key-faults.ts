import { importPrivateKey, importPublicKey, type PrivateKey } from './imported-key.ts';
import type { ProofKeyFile, ProofPeersFile } from './key-files.ts';
import { derivePairKey } from './pair-key.ts';

/** What is wrong with the key file of the service `name` beyond its form: a line each, with the field. */
export function findKeyFaults(name: string, { name: written, keys }: ProofKeyFile): string[] {
  const faults = keys.flatMap((key, index) => {
    const { bytes } = importPrivateKey(name, key);
    return Buffer.from(bytes).toString('base64url') === key.x
      ? []
      : [`keys[${index}].x: is not the public half of keys[${index}].d`];
  });
  if (written !== name) {
    faults.push(`name: is the key file of ${written}, and this is ${name}`);
  }
  if (new Set(keys.map(({ d }) => d)).size < keys.length) {
    faults.push('keys: are the same key twice');
  }
  return faults;
}

/** What is wrong with peers.json beyond its form, as the service `name` sees it. */
export function findPeerFaults(name: string, own: ProofKeyFile, { peers }: ProofPeersFile): string[] {
  const faults: string[] = [];
  const holders = new Map<string, string>();
  const [ownKey] = own.keys.map((key) => importPrivateKey(name, key));
  for (const [peerName, { keys }] of Object.entries(peers)) {
    for (const [index, { x }] of keys.entries()) {
      const field = `peers.${peerName}.keys[${index}]`;
      const holder = holders.get(x);
      if (holder) {
        faults.push(`${field}: is also ${holder}; a key has one holder`);
      }
      holders.set(x, field);
      if (ownKey && isLowOrder(ownKey, x)) {
        faults.push(`${field}.x: is a point of low order, which is no key`);
      }
    }
  }
  const listed = peers[name]?.keys.map(({ x }) => x);
  if (!listed) {
    faults.push(`peers.${name}: is missing, so nobody knows this service`);
  } else if (!own.keys.some(({ x }) => listed.includes(x))) {
    faults.push(`peers.${name}.keys: has none of this service's own keys, so nobody would know them`);
  }
  return faults;
}

/** RFC 7748, section 6.1: OpenSSL refuses such a point, and so does the derivation. */
function isLowOrder(own: PrivateKey, x: string): boolean {
  try {
    derivePairKey(own, { from: own, to: importPublicKey('', x) });
    return false;
  } catch {
    return true;
  }
}
