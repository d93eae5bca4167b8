import { html } from './html.ts';
import { renderPage } from './layout.ts';
import type { PagesOptions } from './options.ts';

/**
 * GraphiQL out of the `ruru` package. The document is our own, not `ruruHTML()`: that one needs inline scripts, which
 * the page's policy forbids. `client/explorer.js` does what they do.
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
