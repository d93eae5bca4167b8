import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';

/** By what an operator finds all that was done for a request: in the log of each process, in the audit log, in the traces. */
export type RequestIds = { requestId: string; traceId?: string };

/** Of the module, since the loggers of a process are made before its servers. */
const requests = new AsyncLocalStorage<{ ids: RequestIds; response: ServerResponse }>();

/** Runs what serves a request: every line of the log that is written for it meanwhile has these ids. */
export function runAsRequest<T>(ids: RequestIds, response: ServerResponse, fn: () => T): T {
  return requests.run({ ids, response }, fn);
}

/**
 * The ids of the request under way; undefined for the process's own work. Undefined as well once the request has its answer: a connection that
 * was opened for it and is kept belongs to nobody then.
 */
export function findRequestIds(): RequestIds | undefined {
  const request = requests.getStore();
  return request?.response.writableEnded ? undefined : request?.ids;
}
