import type { SignedMessage } from './proof.ts';

/**
 * What was received, as it was received: `req.rawHeaders`, `req.url`, the body's bytes. Throws
 * `auth.failure.proof_invalid` where a header that counts came twice.
 */
export function readSignedMessage(
  _request: { method?: string | undefined; url?: string | undefined; rawHeaders: readonly string[] },
  _body: Uint8Array | string,
): SignedMessage {
  throw new Error('Not written yet');
}
