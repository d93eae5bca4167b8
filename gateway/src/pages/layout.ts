import { endOfScript, type Html, html, jsonBlock } from './html.ts';

export type Page = {
  readonly title: string;
  /** The address of this page. */
  readonly here: '/' | '/explorer';
  readonly clientFiles: string;
  /** The address of the module that runs this page. */
  readonly script: string;
  /** Additional markup for `<head>`. */
  readonly head: Html;
  readonly main: Html;
  /** For the page's script; see `readPageConfig` in `client/page-bar.js`. */
  readonly config: Readonly<Record<string, unknown>>;
};

/** Renders a whole document: the bar with the accounts, then the page. */
export function renderPage(page: Page, options: PagesOptions): string {
  const config = {
    graphqlPath: options.graphqlPath,
    accounts: options.accounts,
    examples: options.exampleOperations,
    ...page.config,
  };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title}</title>
<link rel="icon" type="image/svg+xml" href="${page.clientFiles}icon.svg">
${page.head}
<link rel="stylesheet" href="${page.clientFiles}style.css">
${jsonBlock('page-config', config)}
<script type="module" src="${page.script}">${endOfScript}
</head>
<body>
${renderBar(page, options)}
${page.main}
</body>
</html>
`.markup;
}

function renderBar(page: Page, options: PagesOptions): Html {
  return html`<header class="bar">
<div class="brand"><img src="${page.clientFiles}icon.svg" alt="" width="22" height="22">Signet</div>
<nav aria-label="Tools">
${options.sandbox ? renderTool('/', 'Sandbox', page) : ''}
${options.explorer ? renderTool('/explorer', 'Explorer', page) : ''}
</nav>
${options.exampleOperations.length > 0 ? renderExamples(options) : ''}
<div class="accounts" role="group" aria-label="Sign in as">
${options.accounts.length > 0 ? html`<span class="hint">Sign in as</span>` : ''}
${options.accounts.map(renderAccount)}
</div>
<div class="session" hidden>
<button type="button" class="quiet" data-action="copy-token">Copy token</button>
<button type="button" class="quiet" data-action="sign-out">Sign out</button>
</div>
<output class="status" role="status"></output>
</header>`;
}

function renderTool(address: string, name: string, page: Page): Html {
  return address === page.here
    ? html`<a href="${address}" aria-current="page">${name}</a>`
    : html`<a href="${address}">${name}</a>`;
}

function renderExamples(options: PagesOptions): Html {
  const choices = options.exampleOperations.map(
    ({ name }, index) => html`<option value="${index}">${name}</option>`,
  );
  return html`<select class="examples" aria-label="Example operations" hidden><option value="">Examples</option>${choices}</select>`;
}

function renderAccount(account: SeededAccount, index: number): Html {
  return html`<button type="button" class="account" data-account="${index}" data-platform="${account.platform}"
 aria-pressed="false" title="${account.email}">${account.label} <small>${nameOfPeople(account)}</small></button>`;
}

/** The word for the people of a platform. */
export function nameOfPeople({ platform }: Pick<SeededAccount, 'platform'>): string {
  return platform === 'portal' ? 'staff' : 'customer';
}

/** An account that the seed made, for one-click sign-in. Its password is public: development only. */
export type SeededAccount = {
  readonly email: string;
  readonly password: string;
  /** Where the account signs in: `login` for `user`, `portalLogin` for `portal`. */
  readonly platform: 'user' | 'portal';
  /** Short, as on a button: `Ada`. */
  readonly label: string;
};

export type ExampleOperation = {
  readonly name: string;
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Headers other than Authorization, which the pages add themselves. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type PagesOptions = {
  /** A path on the same origin, such as `/graphql`. */
  readonly graphqlPath: string;
  /** `GET /` shows Apollo Sandbox. */
  readonly sandbox: boolean;
  /** `GET /explorer` shows the explorer, which loads everything from this server. */
  readonly explorer: boolean;
  /** Empty outside development. */
  readonly accounts: readonly SeededAccount[];
  readonly exampleOperations: readonly ExampleOperation[];
};
