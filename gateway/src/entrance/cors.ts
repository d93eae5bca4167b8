import type { IncomingHttpHeaders } from 'node:http';
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import { sessionHeader } from '@signet/schema/contract';
import type { FastifyInstance } from 'fastify';
import type { RefusedOrigins } from '../admission/refused-origins.ts';
import { isTrustedOrigin } from '../admission/session-cookie-gate.ts';

export type CorsSettings = {
  /** Origins whose pages may send requests and read the answers. */
  origins: readonly string[];
  /** Whether browsers send and keep this entrance's cookies for those pages. */
  cookies: boolean;
  /** Headers that those pages may send, in addition to the usual ones. */
  headers: readonly string[];
};

export type Cors = {
  headersFor: CorsHeaders;
  /** Other settings hold from now on. */
  replace(settings: CorsSettings): void;
};

const exposedHeaders = ['www-authenticate', 'retry-after', 'x-request-id'];
const usualHeaders = [
  'authorization',
  'content-type',
  'x-tenant',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  // Apollo Client and others send them where they have a name (`clientAwareness`). The log has them.
  'apollographql-client-name',
  'apollographql-client-version',
  'graphql-client-name',
  'graphql-client-version',
  // Tracing in a browser adds them to every request (W3C Trace Context and Baggage, Sentry). The gateway ignores them.
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
];

/**
 * What a request by POST is answered with, name and value in turn. Undefined for a page of another origin, which is to be reported.
 */
export type CorsHeaders = (headers: IncomingHttpHeaders) => readonly string[] | undefined;

/**
 * Says what pages of the listed origins may send and read. Any other page gets no CORS header at all, nor does a page
 * without an origin of its own (`null`: a file, a sandboxed frame). The header names the origin and is never a
 * wildcard.
 */
export async function registerCors(
  server: FastifyInstance,
  settings: CorsSettings,
  /** Gets the origin of every other page. */
  refusedOrigins: Pick<RefusedOrigins, 'add'>,
): Promise<Cors> {
  let current = prepare(settings);
  await server.register(cors, {
    delegator: ({ url, headers: { origin = '', host } }, callback) => {
      const { listed, options } = current;
      // A client that has a secret is no page, and a page has no business with its tokens.
      if (url.startsWith('/oauth/')) return callback(null, { ...options, origin: false });
      if (origin !== '' && !isTrustedOrigin(origin, host, listed))
        refusedOrigins.add(origin, 'is not listed');
      callback(null, { ...options, origin: listed.has(origin) && origin });
    },
  });
  // A route that says what else its answer depends on replaces what the plugin has said.
  server.addHook('onSend', (_request, reply, payload, done) => {
    const said = reply.getHeader('vary');
    if (said !== 'Origin') {
      const vary = [said ?? []].flat().join(', ');
      if (!/(^|,)\s*origin\s*(,|$)/i.test(vary))
        reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    }
    done(null, payload);
  });
  return {
    headersFor: ({ origin = '', host }) => {
      if (origin === '') return vary;
      const { known, listed } = current;
      return known.get(origin) ?? (isTrustedOrigin(origin, host, listed) ? vary : undefined);
    },
    replace(next) {
      current = prepare(next);
    },
  };
}

const vary = ['vary', 'Origin'];

/** What is the same for all requests. */
function prepare({ origins, cookies, headers }: CorsSettings) {
  const options: FastifyCorsOptions = {
    methods: ['GET', 'POST'],
    allowedHeaders: [...usualHeaders, ...(cookies ? [sessionHeader] : []), ...headers],
    exposedHeaders,
    credentials: cookies,
    maxAge: 600,
    // The plugin would refuse in a form of its own. So OPTIONS without the headers of a preflight is answered as on
    // any other path.
    strictPreflight: false,
  };
  const headersOf = (origin: string) => [
    ...vary,
    'access-control-allow-origin',
    origin,
    ...(cookies ? ['access-control-allow-credentials', 'true'] : []),
    'access-control-expose-headers',
    exposedHeaders.join(', '),
  ];
  return {
    options,
    listed: new Set(origins),
    known: new Map(origins.map((origin) => [origin, headersOf(origin)] as const)),
  };
}
