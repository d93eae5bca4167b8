import type { FastifyCorsOptions, FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import { sessionHeader } from '@signet/schema/contract';

type CorsSettings = {
  /** Origins whose pages may send requests and read the answers. */
  origins: readonly string[];
  /** Whether browsers send and keep this entrance's cookies for those pages. */
  cookies: boolean;
};

/**
 * Says what pages of the listed origins may send and read. Any other page gets no CORS header at all, nor does a page
 * without an origin of its own (`null`: a file, a sandboxed frame). The header names the origin and is never a
 * wildcard.
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
      // Apollo Client sends them where it has a name (`clientAwareness`). The gateway ignores them.
      'apollographql-client-name',
      'apollographql-client-version',
      ...(cookies ? [sessionHeader] : []),
    ],
    exposedHeaders: ['www-authenticate', 'retry-after'],
    credentials: cookies,
    maxAge: 600,
    // The plugin would refuse in a form of its own. So OPTIONS without the headers of a preflight is answered as on
    // any other path.
    strictPreflight: false,
  };
  return {
    delegator: ({ headers: { origin = '' } }, callback) =>
      callback(null, { ...options, origin: listed.has(origin) && origin }),
  };
}
