import type { IncomingMessage } from 'node:http';
import { sessionHeader } from '@signet/schema/contract';
import { badInput, formatSignetContext, readAuthorization } from '@signet/service';
import type { ClientAddressReader } from '../admission/client-address.ts';

/** What of a router's fetch goes on: the client's token, and the Signet-Context but for the time that is left. */
export type DescribedFetch = { authorization: string | undefined; signetContext: string };

/**
 * The headers of a client that a router passes on to its signer (deploy/routers). Both forwarding headers: most proxies write one and leave
 * the other as the client wrote it, and where they disagree, neither is believed.
 */
export const passedOnHeaders = [
  'authorization',
  'origin',
  'user-agent',
  'x-tenant',
  'x-request-id',
  'x-forwarded-for',
  'forwarded',
  sessionHeader,
] as const;

/** What may stand in a request id. The router's own is used, so that the fetches of one operation have the same. */
const requestIdForm = /^[\w-]{1,64}$/;

/**
 * Describes the client of a fetch by the headers that the router passes on. All of them are the client's own words and give it no
 * right: a subgraph believes the token alone for who asks. `Signet-Context`, `Signature`, `Cookie` and every other header stay behind.
 *
 * @throws {RefusalError} auth.failure.malformed for two tokens; input.session where the client wants cookies, which do not come
 * through a router: without a refusal, a page would find its refresh token in the body.
 */
export function describeFetch(
  request: IncomingMessage,
  { entrance, readClientAddress }: { entrance: string; readClientAddress: ClientAddressReader },
): DescribedFetch {
  const { headers, socket } = request;
  if (headers[sessionHeader] !== undefined) {
    throw badInput('session', 'This entrance sets no session cookies.');
  }
  const authorization = readAuthorization(request);
  const { 'x-request-id': requestId, 'x-tenant': tenant, 'user-agent': device, origin } = headers;
  const address = readClientAddress(socket.remoteAddress, headers);
  // The router itself is no client. Where nothing else is known, subgraphs count the request among those of unknown address.
  const isRouter = address === readClientAddress(socket.remoteAddress, {});
  return {
    authorization,
    signetContext: formatSignetContext({
      requestId:
        typeof requestId === 'string' && requestIdForm.test(requestId) ? requestId : crypto.randomUUID(),
      entrance,
      ...(address && !isRouter && { clientAddress: address }),
      ...(typeof tenant === 'string' && tenant && { tenant }),
      ...(device && { device }),
      ...(origin && { origin }),
      hasToken: authorization !== undefined,
    }),
  };
}
