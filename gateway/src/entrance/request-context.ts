import type { ServerResponse } from 'node:http';
import { sessionByCookie } from '@signet/schema/contract';
import {
  type AskedReply,
  type AskedRequest,
  formatSignetContext,
  RefusalError,
  readAuthorization,
  withHttpStatus,
} from '@signet/service';
import { authenticate, type Session, type Verifier } from '@signet/session';
import type { RefusalReports } from '../access/refusal-reports.ts';
import type { ClientAddressReader } from '../admission/client-address.ts';
import type { SessionCookieGate, SessionCookies } from '../admission/session-cookie-gate.ts';

export type RequestContextOptions = {
  entrance: string;
  verifier: Verifier;
  readClientAddress: ClientAddressReader;
  tenantsByHost: ReadonlyMap<string, string>;
  cookieGate: SessionCookieGate;
  /** The time for an operation, from here on. */
  timeoutMs: number;
  /** Gets every refused token. */
  reports: Pick<RefusalReports, 'add'>;
};

/**
 * Builds the context of a request. A bad token, and a page that may not use cookies, are refused here with the HTTP
 * status, before the operation is looked at and before any subgraph is called.
 */
export function createRequestContext(
  options: RequestContextOptions,
): (request: AskedRequest, reply: AskedReply) => Promise<GatewayContext> {
  return (request, reply) =>
    withHttpStatus(async () => {
      const cookies = options.cookieGate(request, reply);
      const authorization = readAuthorization(request.raw);
      const clientAddress = options.readClientAddress(request.raw.socket.remoteAddress, request.headers);
      const signetContext = describeRequest(request, options, {
        clientAddress,
        hasToken: authorization !== undefined,
        hasCookies: cookies !== undefined,
      });
      const session = await authenticate(options.verifier, authorization).catch((error: unknown) => {
        if (error instanceof RefusalError) {
          options.reports.add({ reason: error.reason, place: 'token', signetContext });
        }
        throw error;
      });
      return {
        session,
        authorization,
        signetContext,
        clientAddress,
        cookies,
        deadline: performance.now() + options.timeoutMs,
        clientGone: watchClient(reply.raw),
      };
    });
}

function watchClient(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  // It may have left before this, and then no event comes.
  if (response.destroyed) controller.abort();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

type DescribedClient = { clientAddress: string | undefined; hasToken: boolean; hasCookies: boolean };

function describeRequest(
  request: AskedRequest,
  { entrance, tenantsByHost }: RequestContextOptions,
  { clientAddress, hasToken, hasCookies }: DescribedClient,
): string {
  const tenantOfHost = tenantsByHost.size > 0 ? tenantsByHost.get(request.hostname.toLowerCase()) : undefined;
  const tenant = tenantOfHost ?? single(request.headers['x-tenant']);
  const { 'user-agent': device, origin } = request.headers;
  return formatSignetContext({
    requestId: request.id,
    entrance,
    ...(clientAddress && { clientAddress }),
    ...(tenant && { tenant }),
    ...(device && { device }),
    ...(origin && { origin }),
    ...(hasCookies && { session: sessionByCookie }),
    hasToken,
  });
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** What the gateway knows about a request and passes on with each fetch. */
export type GatewayContext = {
  session: Session;
  authorization: string | undefined;
  /** The header that each fetch carries, but for the time that is left. */
  signetContext: string;
  /** As `signetContext` has it. */
  clientAddress: string | undefined;
  /** Set only where the client asks for refresh tokens in cookies, from a page of a trusted origin. */
  cookies: SessionCookies | undefined;
  /** When the time for the request and all its fetches ends, by `performance.now()`. */
  deadline: number;
  /** Aborts when the client closes its connection before it has the answer. */
  clientGone: AbortSignal;
};
