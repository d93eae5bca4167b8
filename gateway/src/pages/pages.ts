import type { FastifyInstance } from 'fastify';
import { serveClientFiles } from './client-files.ts';
import { serveExplorerFiles } from './explorer-files.ts';
import { html } from './html.ts';
import { type PagesOptions, renderPage } from './layout.ts';
import { acceptsHtml, explorerPolicy, pageHeaders, sandboxPolicy } from './page-headers.ts';
import { renderSandboxPage } from './sandbox-page.ts';

export type { ExampleOperation, PagesOptions, SeededAccount } from './layout.ts';

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

/**
 * Renders GraphiQL from the `ruru` package. The document is our own and not `ruruHTML()`, which needs inline scripts
 * that the page's policy forbids. `client/explorer.js` does their work.
 */
export function renderExplorerPage(
  clientFiles: string,
  explorerFiles: string,
  options: PagesOptions,
): string {
  return renderPage(
    {
      title: 'Signet: explorer',
      here: '/explorer',
      clientFiles,
      script: 'explorer.js',
      head: html`<link rel="stylesheet" href="${explorerFiles}ruru.css">
<link rel="modulepreload" href="${explorerFiles}ruru.js">`,
      main: html`<main id="ruru-root"><p class="loading" role="status">Loading the explorer…</p>
<noscript><p class="loading">The explorer needs JavaScript. The API does not: POST to ${options.graphqlPath}.</p></noscript>
</main>`,
      config: { explorerFiles },
    },
    options,
  );
}
