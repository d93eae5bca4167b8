import type { Reply } from './client.ts';

/** Nothing was refused, or not cleanly: data beside or instead of errors, a server error, or an answer that is no error at all. */
export function wonUnlessRefused({ status, body, text }: Reply): string | undefined {
  if (status >= 500 && status !== 503) return `HTTP ${status}: ${shorten(text)}`;
  const data = findData(body?.data);
  if (data !== undefined) return `HTTP ${status} with data: ${shorten(JSON.stringify(body?.data))}`;
  const isRefused = status >= 400 || (body?.errors?.length ?? 0) > 0;
  return isRefused ? undefined : `HTTP ${status} without an error: ${shorten(text)}`;
}

/** Refused with one of these statuses, and with nothing else. */
export function wonUnlessStatus(reply: Reply, ...statuses: number[]): string | undefined {
  return (
    wonUnlessRefused(reply) ??
    (statuses.includes(reply.status)
      ? undefined
      : `HTTP ${reply.status} instead of ${statuses.join(' or ')}: ${shorten(reply.text)}`)
  );
}

/** The first value of an answer that tells something; `__typename` does not. */
export function findData(value: unknown, name = ''): unknown {
  if (value === null || value === undefined || name === '__typename') return undefined;
  if (typeof value !== 'object') return value;
  for (const [key, inner] of Object.entries(value)) {
    const found = findData(inner, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What speaks of the inside of the server: stacks, files, addresses, queries, libraries. */
const inside =
  /node_modules|\bat \S+ \(|\.[jt]s:\d+|\/(home|root|usr|work|app)\/|https?:\/\/(127\.|localhost|[\w-]+:\d)|ECONNREFUSED|\bselect .+ from\b|\bpg_|postgres|kysely|Maximum call stack|RangeError|TypeError|Cannot read prop/i;

export function wonIfInsideShows({ status, text }: Reply): string | undefined {
  const [found] = inside.exec(text) ?? [];
  return found === undefined ? undefined : `HTTP ${status} says '${found}': ${shorten(text)}`;
}

export function shorten(text: string | undefined): string {
  return (text ?? '').length > 140 ? `${text?.slice(0, 140)}…` : (text ?? '');
}
