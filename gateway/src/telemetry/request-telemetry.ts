import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createRequestValue } from '@signet/service';
import { anonymousSession, type Session } from '@signet/session';
import { otherValue } from '@signet/telemetry';
import type { Span } from '@signet/telemetry/tracing';
import type { GraphQLFormattedError } from 'graphql';
import type { OperationIdentity } from './operation-identity.ts';

/**
 * How a request ended. `partial`: data beside errors. `refused`: the client is to change or repeat something. `failed`: something of ours
 * is at fault. `left`: the client closed its connection before it had its answer.
 */
export type Outcome = 'ok' | 'partial' | 'refused' | 'failed' | 'left';

/** `graphql`: by whatever lane, or refused before one. `other`: pages, key sets, preflights. */
export type RequestKind = 'graphql' | 'oauth' | 'other';
/** The part that answered. `server`: the HTTP server or a framework on it, before any lane. */
export type Lane = 'fast' | 'apollo' | 'oauth' | 'server';

const mostReasons = 10;

/**
 * All that is known of one request of an entrance. It is made with the request's id, before anything looks at the request, and ends with
 * the answer, whichever way the request takes. Metrics, the log line, spans and usage follow from it. It never holds what a client sent but
 * ids and names: no text of a document, no variables, no token.
 */
export class RequestTelemetry {
  readonly id: string;
  readonly entrance: string;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** By `performance.now()`, as all times here. */
  readonly startedAt = performance.now();
  /** When the answer was complete, before it was sent. */
  answeredAt: number | undefined;
  kind: RequestKind = 'other';
  lane: Lane = 'server';
  /** The route of a request that is no operation, as the server has it: never the client's own text. */
  route: string | undefined;
  /** Of a document that could be parsed. */
  operation: OperationIdentity | undefined;
  /** The caller, once the token has been judged. */
  session: Session = anonymousSession;
  /** Slug of the tenant that the host or `x-tenant` names. */
  tenantSlug: string | undefined;
  /** As the limits estimate it. */
  cost: number | undefined;
  /** Where the plan came from; undefined where none was looked for. */
  plan: 'hit' | 'text' | 'miss' | 'refused' | undefined;
  /** The wait for validation and planning; undefined where the operation was known. */
  planMs: number | undefined;
  fetches = 0;
  /** Undefined where nothing is traced. */
  span: Span | undefined;
  /** Of the answer. */
  status: number | undefined;
  #outcome: Outcome | undefined;
  /** The first error's. */
  code: string | undefined;
  /** Of all errors, each once: `code reason`, where `-` stands for none. Undefined where there are none. */
  refusals: string[] | undefined;
  reasons: string[] | undefined;

  #client: ClientIdentity | undefined;

  constructor(id: string, entrance: string, request: IncomingMessage) {
    this.id = id;
    this.entrance = entrance;
    this.headers = request.headers;
    this.method = request.method ?? '';
  }

  /** What the client says of itself. */
  get client(): ClientIdentity {
    this.#client ??= readClient(this.headers);
    return this.#client;
  }

  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Records the answer of an operation. `hasData`: whether any of it is there beside the errors. The first call counts. */
  answered(errors: readonly GraphQLFormattedError[], hasData: boolean): void {
    if (this.#outcome) return;
    this.answeredAt = performance.now();
    if (errors.length === 0) {
      this.#outcome = 'ok';
      return;
    }
    for (const { extensions = {} } of errors) this.#add(extensions.code, extensions.reason);
    const isOurs = errors.some(({ extensions }) => isFault(extensions?.code));
    this.#outcome = hasData ? 'partial' : isOurs ? 'failed' : 'refused';
  }

  /** Records the end of the response. What recorded no answer before is judged by its status. */
  ended(status: number, isComplete: boolean): void {
    this.status = status;
    this.answeredAt ??= performance.now();
    if (!isComplete) {
      this.#outcome = 'left';
      return;
    }
    // An answer for which there was no room was replaced after the operation had ended well.
    if (this.#outcome === 'ok' && status >= 500) this.#outcome = 'failed';
    this.#outcome ??= status < 400 ? 'ok' : status < 500 ? 'refused' : 'failed';
  }

  get durationMs(): number {
    return (this.answeredAt ?? performance.now()) - this.startedAt;
  }

  #add(code: unknown, reason: unknown): void {
    const error = typeof code === 'string' ? wordOf(code) : 'INTERNAL_SERVER_ERROR';
    this.code ??= error;
    this.refusals ??= [];
    if (this.refusals.length >= mostReasons) return;
    const known = typeof reason === 'string' ? wordOf(reason) : '-';
    const refusal = `${error} ${known}`;
    if (this.refusals.includes(refusal)) return;
    this.refusals.push(refusal);
    if (known !== '-') this.reasons = [...(this.reasons ?? []), known];
  }
}

/** A subgraph of another team may write a sentence about a person, or a megabyte: that is for the client alone. */
const errorWord = /^[\w.:-]{1,100}$/;

function wordOf(text: string): string {
  return errorWord.test(text) ? text : otherValue;
}

function isFault(code: unknown): boolean {
  return code === undefined || code === 'INTERNAL_SERVER_ERROR' || code === 'SERVICE_UNAVAILABLE';
}

const followed = createRequestValue<RequestTelemetry>('telemetry');

/** Keeps the telemetry of a request with Node's request, which is the same in every lane. */
export const keepTelemetry = followed.set;

/** The telemetry of a request. Undefined where nothing is configured that reads it. */
export const telemetryOf = followed.of;

/** What a client says of itself (Apollo's and GraphQL's own headers). */
export type ClientIdentity = { name: string | undefined; version: string | undefined };

/** A word that another form would only make a label or a log line longer. */
const clientWord = /^[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?$/;

const noClient: ClientIdentity = { name: undefined, version: undefined };

export function readClient(headers: IncomingHttpHeaders): ClientIdentity {
  const name = word(headers['graphql-client-name'] ?? headers['apollographql-client-name']);
  const version = word(headers['graphql-client-version'] ?? headers['apollographql-client-version']);
  return name === undefined && version === undefined ? noClient : { name, version };
}

function word(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && clientWord.test(header) ? header : undefined;
}
