import { stripIgnoredCharacters } from 'graphql';
import { type Html, html } from './html.ts';
import { type ExampleOperation, nameOfPeople, type PagesOptions, renderPage } from './layout.ts';
import { sandboxFrameOrigin, sandboxScriptUrl } from './page-headers.ts';

/**
 * Renders Apollo Sandbox on this graph. Its script comes from the network, so the page itself says what this is, and
 * that text stays until Sandbox has loaded.
 */
export function renderSandboxPage(clientFiles: string, options: PagesOptions): string {
  return renderPage(
    {
      title: 'Signet: Apollo Sandbox',
      here: '/',
      clientFiles,
      script: `${clientFiles}sandbox.js`,
      head: html``,
      main: html`<main class="intro">${renderIntroduction(options)}</main>
<div id="sandbox" hidden></div>`,
      config: { sandboxScriptUrl, sandboxFrameOrigin },
    },
    options,
  );
}

function renderIntroduction(options: PagesOptions): Html {
  return html`<h1>A GraphQL API with two entrances</h1>
<p class="lead">Signet serves one federated graph. Customers and staff sign in separately; neither can use the
other’s token.</p>
<p class="notice" data-sandbox-state role="status">Loading Apollo Sandbox…</p>
<noscript><p class="notice">Sandbox and the explorer need JavaScript. The API itself does not: see below.</p></noscript>
${options.explorer ? renderExplorerLink() : ''}
<h2>Endpoint</h2>
<p><code data-origin-before="${options.graphqlPath}">${options.graphqlPath}</code></p>
<h2>From a terminal</h2>
<div class="snippet"><pre><code>curl <span data-origin-before="${options.graphqlPath}">"$GATEWAY${options.graphqlPath}"</span> \\
${writeCurlArguments(options.exampleOperations[0])}</code></pre>
<button type="button" class="quiet" data-action="copy-snippet">Copy</button></div>
${options.accounts.length > 0 ? renderAccounts(options) : ''}`;
}

function renderExplorerLink(): Html {
  return html`<p><a class="primary" href="/explorer">Open the explorer</a>
<span class="hint">Served from here. Works with no network.</span></p>`;
}

function renderAccounts({ accounts }: PagesOptions): Html {
  return html`<h2>Accounts for development</h2>
<div class="scroll"><table><thead><tr><th>Account</th><th>E-mail</th><th>Password</th></tr></thead><tbody>
${accounts.map(
  (
    account,
  ) => html`<tr><td>${account.label} <small data-platform="${account.platform}">${nameOfPeople(account)}</small></td>
<td><code>${account.email}</code></td><td><code>${account.password}</code></td></tr>`,
)}
</tbody></table></div>`;
}

/** Writes the arguments of a curl command that sends the operation, quoted for a POSIX shell. */
export function writeCurlArguments(operation: ExampleOperation | undefined): string {
  const headers = { 'content-type': 'application/json', ...operation?.headers };
  const body = {
    query: stripIgnoredCharacters(operation?.document ?? '{ __typename }'),
    ...(operation?.variables && { variables: operation.variables }),
  };
  return [
    ...Object.entries(headers).map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`),
    `  -d ${quote(JSON.stringify(body))}`,
  ].join(' \\\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
