import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { valuesOfHeader } from '@signet/service';

/** The header with the secret that the router and its signer share. It goes no further. */
export const signerHeader = 'signet-signer';

export type CallerCheck = (request: IncomingMessage) => boolean;

/**
 * Creates the check that a request comes from the router. A signature opens the subgraphs to whoever has a token, or none where a field is
 * public; without this check every process of the machine, and every page in a browser on it, could ask for one.
 *
 * Digests are compared, since `timingSafeEqual` takes equal lengths only, and the length is secret too.
 */
export function createCallerCheck(secret: string): CallerCheck {
  const expected = digest(secret);
  return (request) => {
    const values = valuesOfHeader(request, signerHeader);
    return values.length === 1 && timingSafeEqual(digest(values[0] as string), expected);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
