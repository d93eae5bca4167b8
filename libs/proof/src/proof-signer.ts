import { randomFillSync } from 'node:crypto';
import type { Keyring } from './keyring.ts';
import type { ProofMessage, ProofSigner } from './proof.ts';
import {
  digestContent,
  formatComponents,
  formatLastLine,
  formatLine,
  formatParameters,
  formatSignature,
  listComponents,
  signatureLabel,
} from './signature-form.ts';

type SignerOptions = {
  /** Called at each signature: keys change while the process runs. */
  keyring: () => Keyring;
  /** Milliseconds since the epoch. */
  now: () => number;
  createNonce?: () => string;
};

/** What is the same for all messages that go to one place, checked and written once. */
type Place = {
  method: string;
  path: string;
  query: string;
  contentType: string | undefined;
  /** The first lines of the signature base. */
  lines: string;
};

export function createSigner({
  keyring,
  now,
  createNonce = createNonceSource(),
}: SignerOptions): ProofSigner {
  /** The last place of each recipient: its graph, mostly. */
  const places = new Map<string, Place>();
  const placeOf = (recipient: string, message: ProofMessage): Place => {
    const known = places.get(recipient);
    if (known && isSamePlace(known, message)) return known;
    const place = describePlace(message);
    places.set(recipient, place);
    return place;
  };
  return {
    canSignFor: (recipient) => keyring().outgoing.has(recipient),
    sign(recipient, message) {
      const pair = keyring().outgoing.get(recipient);
      if (!pair) {
        throw new TypeError(
          `peers.json (PROOF_PEERS_FILE) lists no subgraph '${recipient}', so there is no key to sign for it. In the repository npm start adds it; elsewhere run npx signet keys proof add ${recipient}.`,
        );
      }
      const digest = digestContent(message.body);
      const created = Math.floor(now() / 1000);
      const params =
        listCovered(message) + formatParameters({ created, nonce: createNonce(), keyId: pair.keyId });
      const base =
        placeOf(recipient, message).lines + formatOwnLines(message, digest) + formatLastLine(params);
      return {
        'content-digest': digest,
        'signature-input': `${signatureLabel}=${params}`,
        signature: formatSignature(pair.computeMac(base)),
      };
    },
  };
}

function isSamePlace(place: Place, { method, path, query, headers }: ProofMessage): boolean {
  return (
    place.path === path &&
    place.query === query &&
    place.method === method &&
    place.contentType === headers['content-type']
  );
}

/** How many of the components come before Content-Digest: method, path, query and content type. */
const placeComponents = 4;

/** @throws {TypeError} as `listComponents` */
function describePlace(message: ProofMessage): Place {
  const { method, path, query, headers } = message;
  const components = listComponents({ ...message, headers: { ...headers, 'content-digest': '' } });
  const lines = components
    .slice(0, placeComponents)
    .map(([identifier, value]) => formatLine(identifier, value));
  return { method, path, query, contentType: headers['content-type'], lines: lines.join('') };
}

/** The lines from Content-Digest on, in the order of `listComponents`. @throws {TypeError} */
function formatOwnLines({ headers }: ProofMessage, digest: string): string {
  const { 'signet-context': context, authorization, cookie } = headers;
  if (context === undefined) {
    throw new TypeError('signet-context is missing');
  }
  let lines = `"content-digest": ${digest}\n${formatLine('signet-context', context)}`;
  if (authorization !== undefined) lines += formatLine('authorization', authorization);
  if (cookie !== undefined) lines += formatLine('cookie', cookie);
  return lines;
}

const [coversNeither, coversToken, coversCookie, coversBoth] = [
  {},
  { authorization: '' },
  { cookie: '' },
  { authorization: '', cookie: '' },
].map((headers) => {
  const required = { 'content-type': '', 'content-digest': '', 'signet-context': '' };
  const message = { method: 'POST', path: '/', query: '', body: '', headers: { ...required, ...headers } };
  return formatComponents(listComponents(message));
}) as [string, string, string, string];

/** The list of components that a signature of this message covers. */
function listCovered({ headers: { authorization, cookie } }: ProofMessage): string {
  if (cookie === undefined) return authorization === undefined ? coversNeither : coversToken;
  return authorization === undefined ? coversCookie : coversBoth;
}

const nonceBytes = 16;
const noncesAtOnce = 256;

/** Draws the random bytes of many nonces at once: a call costs more than the bytes. */
function createNonceSource(): () => string {
  const drawn = Buffer.alloc(noncesAtOnce * nonceBytes);
  let used = drawn.length;
  return () => {
    if (used === drawn.length) {
      randomFillSync(drawn);
      used = 0;
    }
    used += nonceBytes;
    return drawn.toString('base64url', used - nonceBytes, used);
  };
}
