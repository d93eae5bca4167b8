import type { IncomingMessage } from 'node:http';

/** One value for each request. */
export type RequestValue<T> = {
  of(request: IncomingMessage): T | undefined;
  set(request: IncomingMessage, value: T): void;
};

/**
 * Keeps a value on Node's own object of a request. A WeakMap does the same, but its entries cost the garbage collector more than writing and
 * reading them does.
 */
export function createRequestValue<T>(name: string): RequestValue<T> {
  const key = Symbol(`signet.${name}`);
  type Holder = { [key]?: T };
  return {
    of: (request) => (request as Holder)[key],
    set(request, value) {
      (request as Holder)[key] = value;
    },
  };
}
