import type { FastifyInstance } from 'fastify';
import { acceptsHtml } from './accepts-html.ts';
import { serveClientFiles } from './client-files.ts';
import { serveExplorerFiles } from './explorer-files.ts';
import { renderExplorerPage } from './explorer-page.ts';
import type { PagesOptions } from './options.ts';
import { renderSandboxPage } from './sandbox-page.ts';
import { explorerPolicy, pageHeaders, sandboxPolicy } from './security-headers.ts';

export type { ExampleOperation, PagesOptions, SeededAccount } from './options.ts';

/**
 * Adds the pages for people with a browser: Apollo Sandbox at `/`, GraphiQL at `/explorer`. A page that is off adds no
 * route, so it is answered like any unknown address. Pages are rendered once: nothing in them depends on the request.
 */
export function registerPages(server: FastifyInstance, options: PagesOptions): void {
  if (!options.sandbox && !options.explorer) return;
  const clientFiles = serveClientFiles(server);
  if (options.sandbox) registerSandbox(server, renderSandboxPage(clientFiles, options));
  if (options.explorer) {
    const page = renderExplorerPage(clientFiles, serveExplorerFiles(server), options);
    server.get('/explorer', (_request, reply) => reply.headers(pageHeaders(explorerPolicy)).send(page));
  }
}

function registerSandbox(server: FastifyInstance, page: string): void {
  server.get('/', (request, reply) => {
    reply.header('vary', 'accept');
    if (!acceptsHtml(request.headers.accept)) return reply.callNotFound();
    return reply.headers(pageHeaders(sandboxPolicy)).send(page);
  });
}
