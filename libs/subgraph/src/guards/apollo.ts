import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApolloServer, type BaseContext, HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import { subgraphHeaderLimitBytes } from '@signet/service';
import type { GuardedContext } from './admitted.ts';
import type { Guards } from './open-guards.ts';

/** Options of Apollo Server: errors in the form of docs/errors.md, and no introspection in production. */
export function apolloOptions({ formatError, introspection }: Guards) {
  return {
    formatError,
    introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !introspection,
  };
}

export type GuardedServerOptions<C extends BaseContext> = {
  /** As `server.listen` of node:http takes it. Default host: 127.0.0.1. */
  listen: { port: number; host?: string };
  /** Adds to what the guards give. Default: nothing. */
  context?(asked: { req: IncomingMessage; res: ServerResponse; guarded: GuardedContext }): Promise<C> | C;
};

/**
 * Starts Apollo Server behind the guards, in place of `startStandaloneServer`, which parses bodies before anybody else can read their bytes.
 *
 * @throws {Error} of node:http, where the port can't be listened to.
 */
export async function startGuardedServer<C extends BaseContext = GuardedContext>(
  server: ApolloServer<C>,
  guards: Guards,
  { listen, context = ({ guarded }) => guarded as unknown as C }: GuardedServerOptions<C>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const { method = '', headers: received, url = '' } = req;
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(received)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const search = url.includes('?') ? url.slice(url.indexOf('?')) : '';
    const { body } = req as { body?: unknown };
    const response = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method, headers, search, body },
      context: async () => {
        const guarded = guards.context({ req });
        return { ...guarded, ...(await context({ req, res, guarded })), session: guarded.session };
      },
    });
    await write(res, response);
  };
  // An import would load Node's own fetch too (docs/decisions/0094-what-the-gateway-keeps-in-memory.md).
  const { createServer } = process.getBuiltinModule('node:http');
  // Bounds of a client that sends slowly, or never reads.
  const http = createServer({
    maxHeaderSize: subgraphHeaderLimitBytes,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
  });
  http.on(
    'request',
    guards.listener((req, res) => void answer(req, res).catch(() => res.destroy())),
  );
  await server.start();
  await listenOn(http, listen);
  const { address, port, family } = http.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`,
    async stop() {
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeIdleConnections();
      await closed;
      await server.stop();
      await guards.stop();
    },
  };
}

function listenOn(
  http: Server,
  { port, host = '127.0.0.1' }: { port: number; host?: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject).listen(port, host, () => resolve());
  });
}

async function write(res: ServerResponse, { status, headers, body }: HTTPGraphQLResponse): Promise<void> {
  res.statusCode = status ?? 200;
  for (const [name, value] of headers) res.setHeader(name, value);
  // An answer is for one caller.
  res.setHeader('cache-control', 'private, no-store');
  if (body.kind === 'complete') return void res.end(body.string);
  for await (const chunk of body.asyncIterator) res.write(chunk);
  res.end();
}
