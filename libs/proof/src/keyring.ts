import type { KeyObject } from 'node:crypto';
import { findKeyFaults, findPeerFaults } from './find-key-faults.ts';
import { importPrivateKey, importPublicKey } from './imported-key.ts';
import {
  type FileText,
  type ProofKeyFile,
  type ProofPeersFile,
  parseKeyFile,
  parsePeersFile,
} from './key-files.ts';
import { derivePairKey, keyIdOf } from './pair-key.ts';
import type { ProofSender } from './proof.ts';

export type OutgoingKey = { keyId: string; macKey: KeyObject };
export type IncomingKey = { sender: ProofSender; macKey: KeyObject };

/** Every MAC key that a service may use, derived once: with a pair that is not here, nothing is signed or accepted. */
export type Keyring = {
  /** By recipient. Entrances of the gateway have them, for subgraphs. */
  outgoing: ReadonlyMap<string, OutgoingKey>;
  /** By key id. Subgraphs have them, from entrances of the gateway. */
  incoming: ReadonlyMap<string, IncomingKey>;
  /** Names by thumbprint, to say in the log whose key it was. */
  holders: ReadonlyMap<string, string>;
  /** Thumbprints of the service's own keys, the one in use first. */
  ownThumbprints: readonly string[];
};

export type KeyringFiles = { key: FileText; peers: FileText };

/** The keyring of the service `name`, or everything that is wrong with its two files. */
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
    // ECDH gives any two services a key. That these two roles only have one keeps a subgraph from posing as an entrance.
    if (ownRole === 'gateway' && role === 'subgraph') {
      const [from] = ownKeys;
      const [to] = peerKeys;
      if (from && to) {
        outgoing.set(peerName, { keyId: keyIdOf({ from, to }), macKey: derivePairKey(from, { from, to }) });
      }
    }
    if (ownRole === 'subgraph' && role === 'gateway' && entrance) {
      const sender: ProofSender = { name: peerName, role, entrance };
      for (const to of ownKeys) {
        for (const from of peerKeys) {
          incoming.set(keyIdOf({ from, to }), { sender, macKey: derivePairKey(to, { from, to }) });
        }
      }
    }
  }
  return { outgoing, incoming, holders, ownThumbprints: ownKeys.map(({ thumbprint }) => thumbprint) };
}
