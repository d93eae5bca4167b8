import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

type TargetFault = { status: number; text: string; code: string };

const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/**
 * Finds what is wrong with the target of a request. A request must carry one Host, which is ours, and a path may be written in
 * one way only: a proxy that filters paths by their text must not meet a second spelling (`/%67raphql`).
 *
 * @returns the check; it gives undefined for a target without fault.
 */
export function createTargetCheck(
  allowedHosts: readonly string[],
): (request: IncomingMessage) => TargetFault | undefined {
  const isOurHost = createHostCheck(allowedHosts);
  // Nearly every request asks for the same as the one before it.
  let passed = { url: '', host: '' };
  return (request) => {
    const url = request.url ?? '';
    const isSingleHost = valuesOfHeader(request, 'host').length === 1;
    if (isSingleHost && url === passed.url && request.headers.host === passed.host) return undefined;
    // A probe calls by address. A page that rebinds DNS could use nothing of the answer.
    if (url.startsWith('/health/')) return undefined;
    // RFC 9112, section 3.2: a target has no fragment. Two readers would not agree on what one means.
    if (url.includes('#')) return malformed('Send the URL without a fragment.');
    // Node silently keeps the first of several.
    if (!isSingleHost) return malformed('Send one Host header.');
    const { host = '' } = request.headers;
    if (!isOurHost(host)) {
      return otherHost;
    }
    // RFC 9112, section 3.2.2: the authority of such a target replaces Host. Here both must be equal.
    const authority = absoluteForm.exec(url)?.[1];
    if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
      return malformed('The URL and the Host header name different hosts.');
    }
    if (pathOf(url).includes('%')) return nothingHere;
    if (!isReadableQuery(url)) return malformed('Write the URL in ASCII, other characters as UTF-8 with %.');
    passed = { url, host };
    return undefined;
  };
}

/**
 * RFC 3986, section 2: a URL is ASCII. Whatever follows a `%` must be UTF-8, or `%E9` and `%E8` would be read as one and the same
 * U+FFFD.
 */
function isReadableQuery(url: string): boolean {
  try {
    decodeURIComponent(url);
    return !/[^\x21-\x7e]/.test(url);
  } catch {
    return false;
  }
}

export const otherHost: TargetFault = {
  status: 421,
  text: 'This server does not answer for that host.',
  code: 'BAD_REQUEST',
};

export const nothingHere: TargetFault = {
  status: 404,
  text: 'There is nothing at this path.',
  code: 'NOT_FOUND',
};

/** The path of a target in origin or absolute form, without its query. */
function pathOf(url: string): string {
  return url.replace(absoluteForm, '').replace(/[?#].*$/s, '') || '/';
}

function malformed(text: string): TargetFault {
  return { status: 400, text, code: 'BAD_REQUEST' };
}

/**
 * All values that a request carries for a header, in order. For most names Node keeps one value, or joins all.
 *
 * @param name in lower case.
 */
export function valuesOfHeader({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at] as string;
    // Lengths differ for nearly all others, and cost nothing to compare.
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(rawHeaders[at + 1] as string);
  }
  return values;
}

/** Whether a host name, written as in a URL, is one of this machine. */
export function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/**
 * Checks that a Host header names this server: a page of another origin whose name was rebound to our address fails here
 * (421, RFC 9110 section 15.5.20). Ports are not compared. `allowed` extends the loopback names.
 */
export function createHostCheck(allowed: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set(allowed.map((host) => host.toLowerCase()));
  return (host) => {
    const match =
      host === undefined ? null : /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(host);
    const name = match?.[1]?.toLowerCase();
    return name !== undefined && (isLoopback(name) || names.has(name));
  };
}

const parameterForm = /^([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"[^"\\]*")$/;

/**
 * RFC 9112, section 6.1: Node refuses `chunked, gzip`, but decodes only the last coding of `gzip, chunked`. A proxy before us
 * may see another end of the body.
 */
export function hasUnknownCoding({ headers }: IncomingMessage): boolean {
  // Node joins several headers of this name by commas.
  return (headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked';
}

/**
 * If a POST has a body or a content type, the body must be readable.
 *
 * @param type the media type that is taken, in lower case.
 * @throws {Error} with the status 415
 */
export function assertReadableBody(request: IncomingMessage, type?: string): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  // Node silently keeps the first of several types.
  const types = valuesOfHeader(request, 'content-type').length;
  if (types > 1 || ((hasBody || types > 0) && !isReadableBody(headers, type))) {
    throw Object.assign(new Error('the body has another type'), { statusCode: 415 });
  }
}

/**
 * Whether a body can be read here: JSON or another text in UTF-8 (RFC 8259, section 8.1), not compressed. Another charset is refused, not
 * ignored: a filter before us would read another text than we do.
 */
export function isReadableBody(headers: IncomingHttpHeaders, wanted = 'application/json'): boolean {
  // What nearly every client sends.
  if (headers['content-type'] === wanted && headers['content-encoding'] === undefined) return true;
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim());
  return coding === 'identity' && type.toLowerCase() === wanted && parameters.every(isHarmless);
}

function isHarmless(parameter: string): boolean {
  const [, name, value] = parameterForm.exec(parameter) ?? [];
  if (name === undefined || value === undefined) {
    return parameter === '';
  }
  return name.toLowerCase() !== 'charset' || value.replaceAll('"', '').toLowerCase() === 'utf-8';
}

/**
 * Records the routes that are added from now on. The function returned gives the methods of a path (RFC 9110, section 15.5.6)
 * for a request that no route took; undefined if the path is unknown, or its route has declined this request.
 */
export function followAllowedMethods(
  server: FastifyInstance,
): (request: FastifyRequest) => string | undefined {
  const methodsByPath = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsByPath.set(url, methods);
  });
  return ({ url, method }) => {
    const methods = methodsByPath.get(pathOf(url));
    return methods === undefined || methods.has(method) ? undefined : [...methods, 'OPTIONS'].join(', ');
  };
}
