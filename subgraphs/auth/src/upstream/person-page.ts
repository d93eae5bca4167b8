import type { OauthAnswer } from '@signet/schema/contract';

type Page = { status: number; title: string; text: string; link?: string };

/** A page for a person whom no frontend can be told about: it does not know where to, or nobody may be sent there. */
export function personPage({ status, title, text, link }: Page): OauthAnswer {
  const way = link === undefined ? '' : `<p><a href="${escapeHtml(link)}" rel="noreferrer">Back</a></p>`;
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer"><title>${escapeHtml(title)}</title></head>
<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${way}</main></body></html>
`,
  };
}

/** The way back to the frontend (RFC 9110, section 15.4.4). */
export function redirectTo(location: string): OauthAnswer {
  return { status: 303, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
