import type { IncomingMessage } from 'node:http';
import { createHostCheck } from './host-check.ts';

export type TargetFault = { status: number; text: string; code: string };

const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/**
 * Says what is wrong with the target of a request, or nothing: one Host, which is ours, and one way to write a path. A proxy
 * that lets paths through by their text must not meet a second spelling of one (`/%67raphql`).
 */
export function createTargetCheck(
  allowedHosts: readonly string[],
): (request: IncomingMessage) => TargetFault | undefined {
  const isOurHost = createHostCheck(allowedHosts);
  return (request) => {
    const url = request.url ?? '';
    // A probe asks by address; what it learns is nothing that a rebound page could use.
    if (url.startsWith('/health/')) return undefined;
    // RFC 9112, section 3.2: no target has a fragment, and no two readers of one would agree on what is in it.
    if (url.includes('#')) return malformed('Send the URL without a fragment.');
    // Node keeps the first of several silently.
    if (countHeader(request, 'host') !== 1) return malformed('Send one Host header.');
    const { host = '' } = request.headers;
    if (!isOurHost(host)) {
      return { status: 421, text: 'This server does not answer for that host.', code: 'BAD_REQUEST' };
    }
    // RFC 9112, section 3.2.2: such a target counts instead of Host. Here both must say the same.
    const authority = absoluteForm.exec(url)?.[1];
    if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
      return malformed('The URL and the Host header name different hosts.');
    }
    return pathOf(url).includes('%') ? nothingHere : undefined;
  };
}

export const nothingHere: TargetFault = {
  status: 404,
  text: 'There is nothing at this path.',
  code: 'NOT_FOUND',
};

/** The path of a target in origin or absolute form, without its query. */
export function pathOf(url: string): string {
  return url.replace(absoluteForm, '').replace(/[?#].*$/s, '') || '/';
}

function malformed(text: string): TargetFault {
  return { status: 400, text, code: 'BAD_REQUEST' };
}

/** How often a request has a header. Node keeps one value of many a name, or joins them. */
export function countHeader({ rawHeaders }: IncomingMessage, name: string): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}
