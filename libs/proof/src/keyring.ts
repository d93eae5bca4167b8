import {
  type FileText,
  type ProofKeyFile,
  type ProofPeersFile,
  parseKeyFile,
  parsePeersFile,
} from './key-files.ts';
import type { ComputeMac } from './mac.ts';
import { derivePairMac, importPrivateKey, importPublicKey, keyIdOf, type PrivateKey } from './pair-key.ts';
import type { ProofSender } from './proof.ts';

type OutgoingKey = { keyId: string; computeMac: ComputeMac };
export type IncomingKey = { sender: ProofSender; computeMac: ComputeMac };

/** Every MAC key that a service may use, derived once. For any other pair of services nothing is signed or accepted. */
export type Keyring = {
  /** By recipient: the subgraphs. Empty at a subgraph. */
  outgoing: ReadonlyMap<string, OutgoingKey>;
  /** By key id: from the gateway's entrances. Empty at an entrance. */
  incoming: ReadonlyMap<string, IncomingKey>;
  /** Names by thumbprint, for the log. */
  holders: ReadonlyMap<string, string>;
  /** Thumbprints of the service's own keys, the one in use first. */
  ownThumbprints: readonly string[];
};

export type KeyringFiles = { key: FileText; peers: FileText };

/** The keyring of the service `name`, or all faults of its two files. */
export function buildKeyring(
  name: string,
  files: KeyringFiles,
): { keyring: Keyring; faults?: never } | { keyring?: never; faults: string[] } {
  const own = parseKeyFile(files.key);
  const all = parsePeersFile(files.peers);
  if (own.faults || all.faults) {
    return { faults: [...(own.faults ?? []), ...(all.faults ?? [])] };
  }
  const faults = [
    ...findKeyFaults(name, own.value).map((fault) => `${files.key.path}: ${fault}`),
    ...findPeerFaults(name, own.value, all.value).map((fault) => `${files.peers.path}: ${fault}`),
  ];
  return faults.length > 0 ? { faults } : { keyring: deriveKeyring(name, own.value, all.value) };
}

function deriveKeyring(name: string, own: ProofKeyFile, { peers }: ProofPeersFile): Keyring {
  const ownKeys = own.keys.map((key) => importPrivateKey(name, key));
  const ownRole = peers[name]?.role;
  const outgoing = new Map<string, OutgoingKey>();
  const incoming = new Map<string, IncomingKey>();
  const holders = new Map<string, string>();
  for (const [peerName, { role, entrance, keys }] of Object.entries(peers)) {
    const peerKeys = keys.map(({ x }) => importPublicKey(peerName, x));
    for (const { thumbprint } of peerKeys) {
      holders.set(thumbprint, peerName);
    }
    // ECDH gives any two services a key. Only these two roles use one, so that no subgraph can pose as an entrance.
    if (ownRole === 'gateway' && role === 'subgraph') {
      const [from] = ownKeys;
      const [to] = peerKeys;
      if (from && to) {
        outgoing.set(peerName, {
          keyId: keyIdOf({ from, to }),
          computeMac: derivePairMac(from, { from, to }),
        });
      }
    }
    if (ownRole === 'subgraph' && role === 'gateway' && entrance) {
      const sender: ProofSender = { name: peerName, role, entrance };
      for (const to of ownKeys) {
        for (const from of peerKeys) {
          incoming.set(keyIdOf({ from, to }), { sender, computeMac: derivePairMac(to, { from, to }) });
        }
      }
    }
  }
  return { outgoing, incoming, holders, ownThumbprints: ownKeys.map(({ thumbprint }) => thumbprint) };
}

/** Faults of the key file of the service `name` beyond its form: a line each, with the field. */
function findKeyFaults(name: string, { name: written, keys }: ProofKeyFile): string[] {
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

/** Faults of peers.json beyond its form, for the service `name`. */
function findPeerFaults(name: string, own: ProofKeyFile, { peers }: ProofPeersFile): string[] {
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
        faults.push(`${field}.x: is a point of low order, which can't be a key`);
      }
    }
  }
  const listed = peers[name]?.keys.map(({ x }) => x);
  if (!listed) {
    faults.push(
      `peers.${name}: is missing, so no other process knows this one. In the repository npm start adds it; elsewhere run npx signet keys proof add ${name}`,
    );
  } else if (!own.keys.some(({ x }) => listed.includes(x))) {
    faults.push(
      `peers.${name}.keys: has none of the keys in this service's own file, so no other process would know them`,
    );
  }
  return faults;
}

/** RFC 7748, section 6.1. OpenSSL refuses such a point, and so does derivePairMac. */
function isLowOrder(own: PrivateKey, x: string): boolean {
  try {
    derivePairMac(own, { from: own, to: importPublicKey('', x) });
    return false;
  } catch {
    return true;
  }
}
