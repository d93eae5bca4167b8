import { createHash } from 'node:crypto';
import { preflightHeaders } from '@signet/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Html, html } from './html.ts';
import { acceptsHtml, pageHeaders, smallPagePolicy } from './page-headers.ts';

export type EntrancePageOptions = {
  /** The path of operations. */
  readonly graphqlPath: string;
  /** Whether `/` shows this page too. False where it shows Sandbox. */
  readonly isHome: boolean;
  /** What developers may know of the entrance. Undefined where strangers may call it: then the page says what every answer of it says. */
  readonly details: EntranceDetails | undefined;
};

export type EntranceDetails = {
  readonly name: string;
  /** `customers` */
  readonly people: string;
  /** Where Sandbox and the explorer are, if they are on: paths of this entrance, or URLs. */
  readonly tools: readonly { readonly name: string; readonly url: string }[];
};

/**
 * Answers a person who opens an entrance in a browser: `/`, and the path of operations. Without this page they would read JSON or Apollo
 * Server's text about CSRF. A link runs nothing, as before: it is a GET without a header that makes browsers ask first.
 */
export function registerEntrancePage(server: FastifyInstance, options: EntrancePageOptions): void {
  const { graphqlPath, isHome } = options;
  const page = renderEntrancePage(options);
  const send = (reply: FastifyReply, status: number) =>
    reply
      .code(status)
      .headers({ ...pageHeaders(smallPagePolicy(styleHash)), vary: 'accept' })
      .send(page);
  if (isHome) {
    server.get('/', (request, reply) => {
      if (acceptsHtml(request.headers.accept)) return send(reply, 200);
      reply.header('vary', 'accept');
      return reply.callNotFound();
    });
  }
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url !== graphqlPath || !isOpenedByPerson(request)) return done();
    // A link with an operation asks for something, and does not get it.
    void send(reply, request.url.includes('?') ? 400 : 200);
  });
}

function isOpenedByPerson({ method, headers }: FastifyRequest): boolean {
  if (method !== 'GET') return false;
  const isProgram = ['content-type', ...preflightHeaders].some((name) => headers[name]);
  return acceptsHtml(headers.accept) && !isProgram;
}

const style = `body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem }
code { font-family: ui-monospace, monospace }
pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: .4rem }`;

/** In the policy, this lets in exactly this style and no other. */
const styleHash = createHash('sha256').update(style).digest('base64');

export function renderEntrancePage({ graphqlPath, details }: EntrancePageOptions): string {
  const title = details ? `Signet: the entrance for ${details.people}` : 'A GraphQL API';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<h1>${title}</h1>
<p>This address is for programs. They send operations as JSON, by POST, to <code>${graphqlPath}</code>.</p>
${details ? renderDetails(graphqlPath, details) : ''}
</body>
</html>
`.markup;
}

function renderDetails(graphqlPath: string, { name, people, tools }: EntranceDetails): Html {
  return html`<p>It is the entrance <code>${name}</code>: it has the operations for ${people}, and takes their tokens.</p>
<pre><code>curl "$ENTRANCE${graphqlPath}" \\
  -H 'content-type: application/json' \\
  -d '{"query":"{ __typename }"}'</code></pre>
${tools.length > 0 ? html`<p>To try operations in a browser: ${tools.map(renderTool)}</p>` : ''}
<p>The repository describes signing in (<code>docs/sessions.md</code>), errors (<code>docs/errors.md</code>) and what strangers see
(<code>docs/surface.md</code>). <a href="/health/ready">Is it ready?</a></p>`;
}

function renderTool({ name, url }: EntranceDetails['tools'][number]): Html {
  return html`<a href="${url}">${name}</a> `;
}
