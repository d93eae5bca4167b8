import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '@signet/service';

/**
 * Finds out whether a browser would drop a `SameSite=Strict` cookie that this request asks for, since the page and the entrance belong to
 * two sites. The page could sign in, and would be signed out at the next reload.
 *
 * Browsers say so in Sec-Fetch-Site, which no script can set (Fetch Metadata, section 2.4). Only they know all suffixes under which
 * anybody gets a domain. Where the header is missing, the names of this machine are compared: each is a site of its own.
 *
 * @returns what to do about it, for the developer of the page; undefined where the cookie stays, or nobody can tell.
 */
export function findSiteFault(headers: IncomingHttpHeaders): string | undefined {
  const { origin = '', host = '' } = headers;
  const page = URL.parse(origin);
  const entrance = URL.parse(`http://${host}`);
  if (!page || !entrance) return undefined;
  const areNamesOfThisMachine = isLoopback(page.hostname) && isLoopback(entrance.hostname);
  if (areNamesOfThisMachine && page.hostname !== entrance.hostname) {
    const together = `${page.protocol}//${entrance.hostname}${page.port && `:${page.port}`}`;
    const beside = `http://${page.hostname}${entrance.port && `:${entrance.port}`}`;
    return `A browser would drop the cookie: ${page.hostname} and ${entrance.hostname} are two sites. Open the page at ${together}, or call this entrance at ${beside}.`;
  }
  return headers['sec-fetch-site'] === 'cross-site'
    ? 'A browser would drop the cookie: the page and this entrance belong to two sites. Serve both from one, such as shop.example and api.shop.example, or leave Signet-Session out and keep the refresh token in your app.'
    : undefined;
}
