import type { IncomingMessage } from 'node:http';

/** One value for each object of Node's: a request, a connection. */
export type OwnValue<T, O extends object> = {
  of(object: O): T | undefined;
  set(object: O, value: T): void;
};
export type RequestValue<T> = OwnValue<T, IncomingMessage>;

/**
 * Keeps a value on Node's own object, that of a request by default. A WeakMap does the same, but its entries cost the garbage collector more than writing and
 * reading them does.
 */
export function createRequestValue<T, O extends object = IncomingMessage>(name: string): OwnValue<T, O> {
  const key = Symbol(`signet.${name}`);
  type Holder = { [key]?: T };
  return {
    of: (object) => (object as Holder)[key],
    set(object, value) {
      (object as Holder)[key] = value;
    },
  };
}
