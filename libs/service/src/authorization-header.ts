import type { IncomingMessage } from 'node:http';
import { RefusalError } from './errors.ts';

/**
 * The Authorization header, or undefined when there is none. Node keeps the first of several silently; two are refused,
 * since gateway and subgraph could each believe another one.
 *
 * @throws {RefusalError} auth.failure.malformed
 */
export function readAuthorization(request: IncomingMessage): string | undefined {
  const values = request.headersDistinct.authorization ?? [];
  if (values.length > 1) {
    throw new RefusalError('auth.failure.malformed', { text: 'Send one Authorization header.' });
  }
  return values[0];
}
