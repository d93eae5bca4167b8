import type { FastifyRequest } from 'fastify';

/** The origins of Apollo's embedded Sandbox: its script, and the frame that the script opens. */
export const sandboxScriptUrl =
  'https://embeddable-sandbox.cdn.apollographql.com/_latest/embeddable-sandbox.umd.production.min.js';
export const sandboxFrameOrigin = 'https://sandbox.embed.apollographql.com';

const nowhere = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** No inline script anywhere: pages carry data blocks only, so neither nonce nor hash is needed. */
export const sandboxPolicy = writePolicy({
  ...nowhere,
  'script-src': `'self' ${new URL(sandboxScriptUrl).origin}`,
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'frame-src': sandboxFrameOrigin,
});

/** Files and answers of its own origin. Nothing is inline: its editors take their styles as style sheets of script. */
export const explorerPolicy = writePolicy({
  ...nowhere,
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
});

/**
 * Of an app that Vite has built: files of its own origin, and QR codes, which are drawn in the page. Nothing is inline.
 *
 * @param apiOrigins what its scripts may call beside its own origin
 */
export function appPolicy(apiOrigins: readonly string[] = []): string {
  return writePolicy({
    ...nowhere,
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'connect-src': ["'self'", ...apiOrigins].join(' '),
  });
}

/** One inline style, by its hash, and nothing else. `data:` is for an empty icon. */
export function smallPagePolicy(styleHash: string): string {
  return writePolicy({ ...nowhere, 'style-src': `'sha256-${styleHash}'`, 'img-src': 'data:' });
}

/** A worker is bound by the policy of its own file: it may load its own parts and nothing else. */
const assetPolicy = writePolicy({ ...nowhere, 'script-src': "'self'" });

const everywhere = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

export function pageHeaders(contentSecurityPolicy: string): Record<string, string> {
  return {
    ...everywhere,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'cache-control': 'no-store',
  };
}

/** Of the files that pages load, by the end of their names. */
export const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** For files whose address changes with their content. */
export const assetHeaders: Record<string, string> = {
  ...everywhere,
  'content-security-policy': assetPolicy,
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'public, max-age=31536000, immutable',
};

function writePolicy(directives: Record<string, string>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

/** Whether the client's copy is current: If-None-Match by weak comparison (RFC 9110, section 13.1.2). */
export function isNotModified(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  return (
    known.trim() === '*' || known.split(',').some((candidate) => strong(candidate.trim()) === strong(etag))
  );
}

function strong(etag: string): string {
  return etag.replace(/^W\//, '');
}

/** Whether the client asks for HTML by name, as browsers do. Programs send a wildcard only. */
export function acceptsHtml(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [mediaType, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return mediaType === 'text/html' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
