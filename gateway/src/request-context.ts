import { formatSignetContext, readAuthorization, withHttpStatus } from '@signet/service';
import { authenticate, type Session, type Verifier } from '@signet/session';
import type { FastifyRequest } from 'fastify';
import type { ClientAddressReader } from './client-address.ts';

/** What the gateway knows of a request and passes on with each fetch. */
export type GatewayContext = { session: Session; authorization: string | undefined; signetContext: string };

export type RequestContextOptions = {
  entrance: string;
  verifier: Verifier;
  readClientAddress: ClientAddressReader;
  tenantsByHost: ReadonlyMap<string, string>;
};

/**
 * Builds the context of a request. A token that does not hold is refused here, with the answer's status, before anything
 * of the operation is looked at and before any subgraph is called.
 */
export function createRequestContext(
  options: RequestContextOptions,
): (request: FastifyRequest) => Promise<GatewayContext> {
  return (request) =>
    withHttpStatus(async () => {
      const authorization = readAuthorization(request.raw);
      const session = await authenticate(options.verifier, authorization);
      return { session, authorization, signetContext: describeRequest(request, options) };
    });
}

function describeRequest(
  request: FastifyRequest,
  { entrance, readClientAddress, tenantsByHost }: RequestContextOptions,
): string {
  const clientAddress = readClientAddress(request.raw.socket.remoteAddress, request.headers);
  const tenant = tenantsByHost.get(request.hostname.toLowerCase()) ?? single(request.headers['x-tenant']);
  const device = request.headers['user-agent'];
  return formatSignetContext({
    requestId: request.id,
    entrance,
    ...(clientAddress && { clientAddress }),
    ...(tenant && { tenant }),
    ...(device && { device }),
  });
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
