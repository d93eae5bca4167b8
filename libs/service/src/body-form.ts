import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { countHeader } from './request-target.ts';

const parameterForm = /^([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"[^"\\]*")$/;

/**
 * RFC 9112, section 6.1: Node refuses `chunked, gzip`, but of `gzip, chunked` it undoes the last and leaves the first. A proxy
 * before us may see another end of the body.
 */
export function hasUnknownCoding({ headers }: IncomingMessage): boolean {
  // Node joins several headers of this name by commas.
  return (headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked';
}

/**
 * A POST that has a body, or says what kind, must have one that can be read.
 *
 * @throws {Error} with the status 415
 */
export function assertReadableBody(request: IncomingMessage): void {
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  // Node keeps the first of several types silently.
  const types = countHeader(request, 'content-type');
  if (types > 1 || ((hasBody || types > 0) && !isReadableBody(headers))) {
    throw Object.assign(new Error('the body is not JSON'), { statusCode: 415 });
  }
}

/**
 * Whether a body can be read here: JSON in UTF-8 (RFC 8259, section 8.1) and not compressed. Another charset is refused, not
 * ignored: whoever inspects requests before us would read another text than we do.
 */
export function isReadableBody(headers: IncomingHttpHeaders): boolean {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim());
  return coding === 'identity' && type.toLowerCase() === 'application/json' && parameters.every(isHarmless);
}

function isHarmless(parameter: string): boolean {
  const [, name, value] = parameterForm.exec(parameter) ?? [];
  if (name === undefined || value === undefined) {
    return parameter === '';
  }
  return name.toLowerCase() !== 'charset' || value.replaceAll('"', '').toLowerCase() === 'utf-8';
}
