import type { FastifyCorsOptions, FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import { sessionHeader } from '@signet/schema/contract';

type CorsSettings = {
  /** Whose pages may send and read. */
  origins: readonly string[];
  /** Whether browsers send and keep this entrance's cookies for those pages. */
  cookies: boolean;
};

/**
 * What pages of the listed origins may send and read. Any other page, and one without an origin of its own (`null`: a file, a
 * sandboxed frame), is told nothing at all. An origin is answered by its name, never by a wildcard.
 */
export function corsOptions({ origins, cookies }: CorsSettings): {
  delegator: FastifyCorsOptionsDelegateCallback;
} {
  const listed = new Set(origins);
  const options: FastifyCorsOptions = {
    methods: ['GET', 'POST'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-tenant',
      'apollo-require-preflight',
      'x-apollo-operation-name',
      // Apollo Client sends them where it is given a name (`clientAwareness`); nothing is made of them here.
      'apollographql-client-name',
      'apollographql-client-version',
      ...(cookies ? [sessionHeader] : []),
    ],
    exposedHeaders: ['www-authenticate', 'retry-after'],
    credentials: cookies,
    maxAge: 600,
    // Its refusal is in a form of its own; without what makes a preflight, OPTIONS is answered as on any path.
    strictPreflight: false,
  };
  return {
    delegator: ({ headers: { origin = '' } }, callback) =>
      callback(null, { ...options, origin: listed.has(origin) && origin }),
  };
}
