import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '@signet/telemetry/tracing';

/** The request that some work is done for. It goes with all that the request awaits, and with nothing else. */
export type RequestScope = {
  /** By `performance.now()`. Nobody waits for the answer after it. Undefined: the request has no limit of its own. */
  deadline?: number | undefined;
  /** Who counts as one when connections are shared out: an account, or else a client's address. */
  caller: string;
  /** Id of the member of staff who acts as a customer in this request. Row policies and the audit log see it (`app.actor`). */
  actor?: string | undefined;
  /** What its queries are traced below. Undefined where nothing is traced. */
  span?: Span | undefined;
};

/** `hasProgress`: a transaction of the request has ended; what it still reads completes its answer. */
const scopes = new AsyncLocalStorage<RequestScope & { hasProgress: boolean }>();

/** The time of a request is up before its query began. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/** Runs what serves a request. Its queries of a tenant are cancelled at the deadline; its connections count as the caller's. */
export function inRequest<T>(scope: RequestScope, fn: () => T): T {
  return scopes.run({ ...scope, hasProgress: false }, fn);
}

/**
 * From now on the request counts as this caller's: who it is was not known when the request began.
 *
 * @throws {Error} with an actor, where no request is served: its statements would run as if the customer themselves had asked.
 */
export function identifyCaller(caller: string, actor?: string): void {
  const scope = scopes.getStore();
  if (scope) Object.assign(scope, { caller, actor });
  else if (actor !== undefined) throw new Error('An impersonated caller is served outside of a request.');
}

/** Runs work that several requests wait for: the deadline and the share of the one that began it are not its own. */
export function outsideRequests<T>(fn: () => T): T {
  return scopes.exit(fn);
}

/** The same object for all that is done for one request, to keep by it what lives as long; undefined for the process's own work. */
export function findRequest(): object | undefined {
  return scopes.getStore();
}

/** A transaction of the request has ended. */
export function noteProgress(): void {
  const scope = scopes.getStore();
  if (scope) scope.hasProgress = true;
}

export function hasProgress(): boolean {
  return scopes.getStore()?.hasProgress ?? false;
}

/** The member of staff who acts as the customer in this request; undefined in all others, and for the process's own work. */
export function findActor(): string | undefined {
  return scopes.getStore()?.actor;
}

/** What the request is traced with; undefined where it is not, and for the process's own work. */
export function findSpan(): Span | undefined {
  return scopes.getStore()?.span;
}

/** Undefined for the process's own work. */
export function findCaller(): string | undefined {
  return scopes.getStore()?.caller;
}

/**
 * Milliseconds of the request that this runs for, whole and at least 1; undefined where it runs for none, or for one without a
 * limit.
 *
 * @throws {OutOfTimeError} when there are none
 */
export function findTimeLeftMs(): number | undefined {
  const deadline = scopes.getStore()?.deadline;
  if (deadline === undefined) return undefined;
  const left = deadline - performance.now();
  if (left <= 0) throw new OutOfTimeError('The time of the request is up.');
  return Math.ceil(left);
}
