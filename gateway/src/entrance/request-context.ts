import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionByCookie } from '@signet/schema/contract';
import {
  type AskedReply,
  type AskedRequest,
  addHttpStatus,
  formatSignetContext,
  noteRefusal,
  RefusalError,
  readAuthorization,
} from '@signet/service';
import { type ActingLog, authenticate, type Session, type Verifier } from '@signet/session';
import type { RefusalReports } from '../access/refusal-reports.ts';
import type { ClientAddressReader } from '../admission/client-address.ts';
import type { SessionCookieGate, SessionCookies } from '../admission/session-cookie-gate.ts';
import type { HeldAnswers } from '../subgraphs/held-answers.ts';
import { type RequestTelemetry, telemetryOf } from '../telemetry/request-telemetry.ts';

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
  /** Gets every session. */
  acting: ActingLog;
};

/** Builds the context of a request, at once where its token is known. */
export type CreateContext<C> = (request: AskedRequest, reply: AskedReply) => C | Promise<C>;

/**
 * Builds the context of a request. A bad token, and a page that may not use cookies, are refused here with the HTTP
 * status, before the operation is looked at and before any subgraph is called.
 */
export function createRequestContext(options: RequestContextOptions): CreateContext<GatewayContext> {
  const readCookies: SessionCookieGate = (request, reply) => {
    try {
      return options.cookieGate(request, reply);
    } catch (error) {
      if (error instanceof RefusalError) noteRefusal(request.raw, { check: 'COOKIES', reason: error.reason });
      throw error;
    }
  };
  const create = (request: AskedRequest, reply: AskedReply) => {
    const cookies = readCookies(request, reply);
    const authorization = readAuthorization(request.raw);
    const clientAddress = options.readClientAddress(request.raw.socket.remoteAddress, request.headers);
    const signetContext = describeRequest(request, options, {
      clientAddress,
      hasToken: authorization !== undefined,
      hasCookies: cookies !== undefined,
    });
    const refuse = (error: unknown) => {
      if (error instanceof RefusalError) {
        noteRefusal(request.raw, { check: error.check, reason: error.reason });
        options.reports.add({ reason: error.reason, place: 'token', signetContext });
      }
      return addHttpStatus(error);
    };
    const telemetry = telemetryOf(request.raw);
    const build = (session: Session): GatewayContext => {
      options.acting.add(session, request.id);
      if (telemetry) {
        telemetry.session = session;
        telemetry.tenantSlug = tenantOf(request, options);
      }
      return {
        requestId: request.id,
        telemetry,
        session,
        authorization,
        signetContext,
        clientAddress,
        cookies,
        deadline: performance.now() + options.timeoutMs,
        clientGone: new ClientGone(reply.raw),
        answers: undefined,
      };
    };
    let session: Session | Promise<Session>;
    try {
      session = authenticate(options.verifier, authorization);
    } catch (error) {
      throw refuse(error);
    }
    if (!(session instanceof Promise)) return build(session);
    return session.then(build, (error: unknown) => {
      throw refuse(error);
    });
  };
  return (request, reply) => {
    try {
      return create(request, reply);
    } catch (error) {
      throw addHttpStatus(error);
    }
  };
}

/** Aborted when the client closes its connection before it has its answer. Listens only where somebody waits for that. */
class ClientGone implements ClientWatch {
  readonly #response: ServerResponse;
  #signal: AbortSignal | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listen().addEventListener('abort', listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#signal?.removeEventListener('abort', listener);
  }

  #listen(): AbortSignal {
    if (this.#signal) return this.#signal;
    const controller = new AbortController();
    this.#response.once('close', () => {
      if (this.aborted) controller.abort();
    });
    this.#signal = controller.signal;
    return controller.signal;
  }
}

type DescribedClient = { clientAddress: string | undefined; hasToken: boolean; hasCookies: boolean };

/** The `Signet-Context` of a request: who asks, from where, of which tenant. */
export function describeRequest(
  request: AskedRequest,
  { entrance, tenantsByHost }: Pick<RequestContextOptions, 'entrance' | 'tenantsByHost'>,
  { clientAddress, hasToken, hasCookies }: DescribedClient,
): string {
  const tenant = tenantOf(request, { tenantsByHost });
  const { 'user-agent': device, origin } = request.headers;
  return formatSignetContext({
    requestId: request.id,
    entrance,
    clientAddress,
    tenant: tenant || undefined,
    device: device || undefined,
    origin: origin || undefined,
    session: hasCookies ? sessionByCookie : undefined,
    hasToken,
  });
}

function tenantOf(
  request: Pick<AskedRequest, 'hostname' | 'headers'>,
  { tenantsByHost }: Pick<RequestContextOptions, 'tenantsByHost'>,
): string | undefined {
  const tenantOfHost = tenantsByHost.size > 0 ? tenantsByHost.get(request.hostname.toLowerCase()) : undefined;
  return tenantOfHost ?? single(request.headers['x-tenant']);
}

/** The same for a request that never became one of Fastify's. */
export function createTenantReader(tenantsByHost: ReadonlyMap<string, string>) {
  return ({ headers }: IncomingMessage): string | undefined => {
    const hostname = (headers.host ?? '').replace(/:\d*$/, '');
    return tenantOf({ hostname, headers }, { tenantsByHost });
  };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** The part of an AbortSignal that tells when a client leaves. */
export type ClientWatch = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/** What the gateway knows about a request and passes on with each fetch. */
export type GatewayContext = {
  /** Stands in every error of the answer. */
  requestId: string;
  /** Undefined where nobody wants to know of requests. */
  telemetry: RequestTelemetry | undefined;
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
  clientGone: ClientWatch;
  /** What the operation holds of the answers of subgraphs, from its first fetch on. The executor ends it. */
  answers?: HeldAnswers | undefined;
};
