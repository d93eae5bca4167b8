import type { IncomingMessage } from 'node:http';
import { RefusalError } from './errors.ts';
import { valuesOfHeader } from './request-checks.ts';

/**
 * The Authorization header; undefined if there is none, or an empty one, as Apollo Client's documented auth link sends for a user
 * who is signed out. Two are refused, although Node silently keeps the first: gateway and subgraph could read different ones.
 *
 * @throws {RefusalError} auth.failure.malformed
 */
export function readAuthorization(request: IncomingMessage): string | undefined {
  const values = valuesOfHeader(request, 'authorization');
  if (values.length > 1) {
    throw new RefusalError('auth.failure.malformed', { text: 'Send one Authorization header.' });
  }
  return values[0] || undefined;
}

/**
 * The value of one cookie in a Cookie header (RFC 6265, section 4.2). Two of the same name are refused: an attacker may have
 * planted one of them, and nobody can tell which.
 *
 * @throws {RefusalError} auth.failure.malformed
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '').split(';').flatMap((pair) => {
    const end = pair.indexOf('=');
    return end > 0 && pair.slice(0, end).trim() === name ? [pair.slice(end + 1).trim()] : [];
  });
  if (values.length > 1) {
    throw new RefusalError('auth.failure.malformed', { text: `Send one cookie named ${name}.` });
  }
  return values[0];
}
