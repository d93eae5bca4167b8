import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { serveBuiltFiles, versionedAddress } from './built-files.ts';
import { explorerFolder } from './explorer-folder.ts';
import { registerExplorer } from './explorer-page.ts';
import type { PagesOptions } from './layout.ts';
import { acceptsHtml, pageHeaders, sandboxPolicy } from './page-headers.ts';
import { renderSandboxPage } from './sandbox-page.ts';

export type { ExampleOperation, PagesOptions, SeededAccount } from './layout.ts';

/** Scripts, styles and the icon of both pages, as they are. */
const clientFolder = join(import.meta.dirname, 'client');

/**
 * Adds the pages for people with a browser: Apollo Sandbox at `/`, the explorer at `/explorer`. A page that is off adds no
 * route, so it is answered like any unknown address. Nothing in a page depends on the request.
 */
export function registerPages(server: FastifyInstance, options: PagesOptions, folder = explorerFolder): void {
  if (!options.sandbox && !options.explorer) return;
  const clientFiles = versionedAddress('/page-files/', clientFolder);
  serveBuiltFiles(server, clientFiles, clientFolder);
  if (options.sandbox) registerSandbox(server, renderSandboxPage(clientFiles, options));
  if (options.explorer) registerExplorer(server, { clientFiles, folder, options });
}

function registerSandbox(server: FastifyInstance, page: string): void {
  server.get('/', (request, reply) => {
    reply.header('vary', 'accept');
    if (!acceptsHtml(request.headers.accept)) return reply.callNotFound();
    return reply.headers(pageHeaders(sandboxPolicy)).send(page);
  });
}
