import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { notBuilt, notBuiltHeaders, serveBuiltFiles } from './built-files.ts';
import { html } from './html.ts';
import { type PagesOptions, renderPage } from './layout.ts';
import { explorerPolicy, pageHeaders } from './page-headers.ts';

const address = '/explorer/assets/';

/** The first files of the built explorer, which load the others. */
type Entry = { script: string; styles: readonly string[] };

/** Serves the explorer at `/explorer`, with its files from `folder`. */
export function registerExplorer(
  server: FastifyInstance,
  { clientFiles, folder, options }: { clientFiles: string; folder: string; options: PagesOptions },
): void {
  serveBuiltFiles(server, address, join(folder, 'assets'));
  server.get('/explorer', async (_request, reply) => {
    reply.headers(pageHeaders(explorerPolicy));
    const entry = await readEntry(folder);
    if (!entry) return reply.code(503).headers(notBuiltHeaders).send(notBuilt('explorer'));
    return renderExplorerPage(clientFiles, entry, options);
  });
}

/** From Vite's manifest. Undefined while it is not built. */
async function readEntry(folder: string): Promise<Entry | undefined> {
  try {
    const manifest: Record<string, { file: string; css?: string[]; isEntry?: boolean }> = JSON.parse(
      await readFile(join(folder, 'manifest.json'), 'utf8'),
    );
    const entry = Object.values(manifest).find(({ isEntry }) => isEntry);
    return entry && { script: entry.file, styles: entry.css ?? [] };
  } catch {
    return undefined;
  }
}

function renderExplorerPage(clientFiles: string, { script, styles }: Entry, options: PagesOptions): string {
  return renderPage(
    {
      title: 'Signet: explorer',
      here: '/explorer',
      clientFiles,
      script: `/explorer/${script}`,
      head: html`${styles.map((file) => html`<link rel="stylesheet" href="/explorer/${file}">`)}`,
      main: html`<main id="explorer"><p class="loading" role="status">Loading the explorer…</p>
<noscript><p class="loading">The explorer needs JavaScript. The API does not: POST to ${options.graphqlPath}.</p></noscript>
</main>`,
      config: {},
    },
    options,
  );
}
