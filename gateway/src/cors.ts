import type { FastifyCorsOptions, FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import { sessionHeader } from '@signet/schema/contract';

type CorsSettings = {
  /** Whose pages may send and read. */
  origins: readonly string[];
  /** Whether browsers send and keep this entrance's cookies for those pages. */
  cookies: boolean;
};

/** What pages of the listed origins may send and read. Pages of any other origin are told nothing, of cookies neither. */
export function corsOptions({ origins, cookies }: CorsSettings): {
  delegator: FastifyCorsOptionsDelegateCallback;
} {
  const listed = new Set(origins);
  const options: FastifyCorsOptions = {
    origin: [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-tenant',
      'apollo-require-preflight',
      'x-apollo-operation-name',
      ...(cookies ? [sessionHeader] : []),
    ],
    exposedHeaders: ['www-authenticate', 'retry-after'],
    maxAge: 600,
  };
  return {
    delegator: ({ headers }, callback) =>
      callback(null, { ...options, credentials: cookies && listed.has(headers.origin ?? '') }),
  };
}
