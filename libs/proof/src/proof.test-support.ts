import { readFileSync } from 'node:fs';
import type { ProofKeyFile, ProofPeersFile, ProofSet } from './key-files.ts';
import { buildKeyring, type Keyring } from './keyring.ts';
import type { ProofMessage, SignedMessage } from './proof.ts';

type VectorRequest = { method: string; target: string; headers: [string, string][]; body: string };
export type AcceptedVector = {
  name: string;
  from: string;
  to: string;
  request: VectorRequest;
  receivedAt: number;
  steps: { sharedSecret: string; macKey: string; signatureBase: string };
  expect: { sender: string; entrance: string; nonce: string; created: number };
};
export type RefusedVector = Omit<AcceptedVector, 'steps' | 'expect'> & { reason: string };

/** docs/proof-vectors.json: made by a program in another language, from the steps in docs/proof.md. */
export const vectors = JSON.parse(
  readFileSync(new URL('../../../docs/proof-vectors.json', import.meta.url), 'utf8'),
) as {
  keyFiles: Record<string, ProofKeyFile>;
  peersFile: ProofPeersFile;
  accepted: AcceptedVector[];
  refused: RefusedVector[];
};

/** As Node's IncomingMessage has it. */
export function receive({ method, target, headers }: VectorRequest) {
  return { method, url: target, rawHeaders: headers.flat() };
}

export function keyringOf(name: string, { keyFiles, peers }: ProofSet): Keyring {
  const { keyring, faults } = buildKeyring(name, {
    key: { path: 'key.json', text: JSON.stringify(keyFiles[name]) },
    peers: { path: 'peers.json', text: JSON.stringify(peers) },
  });
  if (faults) throw new Error(faults.join('\n'));
  return keyring;
}

export const aMessage: ProofMessage = {
  method: 'POST',
  path: '/graphql',
  query: '?trace=1',
  headers: {
    'content-type': 'application/json',
    'signet-context': 'id="5e0f2b9c", entrance="user", tenant="demo"',
    authorization: 'Bearer abc.def.ghi',
    cookie: 'signet-refresh=abc',
  },
  body: '{"query":"{ __typename }"}',
};

export function withHeaders(message: ProofMessage, headers: SignedMessage['headers']): SignedMessage {
  return { ...message, headers: { ...message.headers, ...headers } };
}

/** The reason of the refusal and what the log says of it; fails where nothing is refused. */
export function refusalOf(run: () => unknown): { reason: string; detail: string | undefined; text: string } {
  try {
    run();
  } catch (error) {
    const { reason, cause, message } = error as { reason: string; cause?: Error; message: string };
    return { reason, detail: cause?.message, text: message };
  }
  throw new Error('It was accepted.');
}
