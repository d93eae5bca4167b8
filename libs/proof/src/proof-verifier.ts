import { timingSafeEqual } from 'node:crypto';
import { parseSignetContext, RefusalError } from '@signet/service';
import type { IncomingKey, Keyring } from './keyring.ts';
import type { ProofVerifier, SignedMessage } from './proof.ts';
import {
  buildSignatureBase,
  type Component,
  digestContent,
  formatComponents,
  listComponents,
  maxAgeSeconds,
  parseParameters,
  parseSignature,
  type SignatureParameters,
  signatureLabel,
} from './signature-form.ts';

type VerifierOptions = { keyring: () => Keyring; now: () => number };

/**
 * Accepts exactly what createSigner makes. Signature-Input is compared as a text and not parsed by a grammar, so that two readers
 * of one message can't disagree about its meaning.
 */
export function createVerifier({ keyring, now }: VerifierOptions): ProofVerifier {
  return {
    verify(message) {
      const { 'signature-input': input, signature } = message.headers;
      if (input === undefined && signature === undefined) {
        throw refuseMissingProof();
      }
      if (input === undefined || signature === undefined) {
        throw refuseProof('there is Signature or Signature-Input, but not both');
      }
      const components = readComponents(message);
      const { params, parameters } = readInput(input, components);
      const mac = parseSignature(signature);
      if (!mac) {
        throw refuseProof('Signature is not signet=: 32 bytes in base64 :');
      }
      const { sender, computeMac } = findKey(keyring(), parameters.keyId);
      const expiresAt = checkTime(parameters.created, now());
      if (!timingSafeEqual(mac, Buffer.from(computeMac(buildBase(components, params)), 'base64'))) {
        throw refuseProof(`the signature of ${sender.name} does not fit the message`);
      }
      if (message.headers['content-digest'] !== digestContent(message.body)) {
        throw refuseProof('Content-Digest is not that of the body');
      }
      const entrance = parseSignetContext(message.headers['signet-context'])?.entrance;
      if (entrance !== sender.entrance) {
        throw refuseProof(`${sender.name} says that it is the entrance '${entrance}'`);
      }
      return { sender, nonce: parameters.nonce, created: parameters.created, expiresAt };
    },
  };
}

function readComponents(message: SignedMessage): Component[] {
  try {
    return listComponents(message);
  } catch (error) {
    throw refuseProof((error as Error).message);
  }
}

function buildBase(components: readonly Component[], params: string): string {
  try {
    return buildSignatureBase(components, params);
  } catch (error) {
    throw refuseProof((error as Error).message);
  }
}

/** Reads the label, then exactly the components that a signature of this message must cover, then the parameters. */
function readInput(
  input: string,
  components: readonly Component[],
): { params: string; parameters: SignatureParameters } {
  if (!input.startsWith(`${signatureLabel}=`)) {
    throw refuseProof(`Signature-Input has another label than ${signatureLabel}`);
  }
  const params = input.slice(signatureLabel.length + 1);
  const covered = formatComponents(components);
  if (!params.startsWith(covered)) {
    throw refuseProof(`Signature-Input does not cover ${covered}`);
  }
  const parameters = parseParameters(params.slice(covered.length));
  if (!parameters) {
    throw refuseProof('the parameters in Signature-Input are not those of a proof');
  }
  return { params, parameters };
}

function findKey({ incoming, holders }: Keyring, keyId: string): IncomingKey {
  const found = incoming.get(keyId);
  if (found) {
    return found;
  }
  const [from = '', to = ''] = keyId.split('.');
  const [sender = 'nobody known', recipient = 'nobody known'] = [holders.get(from), holders.get(to)];
  throw refuseProof(`there is no key for it here: keyid is of ${sender} for ${recipient}`);
}

function checkTime(created: number, now: number): Date {
  const ageSeconds = now / 1000 - created;
  if (ageSeconds >= maxAgeSeconds || ageSeconds < -maxAgeSeconds) {
    throw refuseProof(
      `it was signed ${Math.round(ageSeconds)} s ago; ${maxAgeSeconds} are allowed either way`,
    );
  }
  return new Date((created + maxAgeSeconds) * 1000);
}

const names = [
  'content-type',
  'signet-context',
  'authorization',
  'cookie',
  'content-digest',
  'signature-input',
  'signature',
] as const;
type Name = (typeof names)[number];

/** The members of Node's IncomingMessage that are used. */
type ReceivedRequest = {
  method?: string | undefined;
  url?: string | undefined;
  rawHeaders: readonly string[];
};

/**
 * A request as it was received: the target before any router changed it, headers before Node joined or dropped duplicates, the
 * bytes of the body before a parser.
 *
 * @throws {RefusalError} auth.failure.proof_invalid if a signed header came twice: the verified one might not be the one that is
 * read later.
 */
export function readSignedMessage(
  { method = '', url = '', rawHeaders }: ReceivedRequest,
  body: Uint8Array | string,
): SignedMessage {
  const headers: { [name in Name]?: string } = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = names.find((known) => known === rawHeaders[index]?.toLowerCase());
    if (name) {
      if (headers[name] !== undefined) {
        throw refuseProof(`${name} came twice`);
      }
      headers[name] = rawHeaders[index + 1] ?? '';
    }
  }
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark)];
  return { method, path, query, headers, body };
}

function refuseMissingProof(): RefusalError {
  return new RefusalError('auth.failure.proof_missing');
}

/** `detail` is for the log only: it would help a forger to fix the message. */
function refuseProof(detail: string): RefusalError {
  return new RefusalError('auth.failure.proof_invalid', { cause: new Error(detail) });
}
