import type { SignedMessage } from './proof.ts';
import { refuseProof } from './refusals.ts';

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

/** What of Node's IncomingMessage is needed. */
export type ReceivedRequest = {
  method?: string | undefined;
  url?: string | undefined;
  rawHeaders: readonly string[];
};

/**
 * A request as it was received: the target before any router changed it, headers before Node joined or dropped
 * duplicates, the body's bytes before a parser. Throws `auth.failure.proof_invalid` where a header that counts came
 * twice: the one that is verified might not be the one that is read later.
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
