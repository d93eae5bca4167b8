import type { Span } from '@signet/telemetry/tracing';
import type pg from 'pg';
import { findSpan } from '../request-scope.ts';

/** Longer texts are cut off. */
const maxTextLength = 2000;
/** Summaries by text: a process has some hundred texts, and lists of several lengths. */
const maxSummaries = 500;
const summaries = new Map<string, string>();

/**
 * Begins the span of statements that go to the server in one round trip. Undefined where their request is not recorded, and for the
 * process's own work. The text has placeholders where values are, which are never looked at
 * (https://opentelemetry.io/docs/specs/semconv/db/database-spans/).
 */
export function startStatementSpan(
  texts: readonly string[],
  { database, host, port }: Pick<pg.Client, 'database' | 'host' | 'port'>,
): Span | undefined {
  const request = findSpan();
  if (!request?.isRecorded || texts.length === 0) return undefined;
  const summary =
    texts.length === 1 ? summarize(texts[0] as string) : `BATCH ${summarize(texts[0] as string)}`;
  return request.child(summary, 'client', {
    'db.system.name': 'postgresql',
    'db.query.text': texts.join('; ').slice(0, maxTextLength),
    'db.query.summary': summary,
    'server.address': host,
    'server.port': port,
    ...(database !== undefined && { 'db.namespace': database }),
    ...(texts.length > 1 && { 'db.operation.batch.size': texts.length }),
  });
}

export function endStatementSpan(span: Span | undefined, error: unknown): void {
  if (!span) return;
  if (error !== undefined) {
    const code = (error as { code?: unknown } | null)?.code;
    // SQLSTATE, or Node's word for a connection that was lost. A message may quote a value.
    span.fail(typeof code === 'string' ? code : 'error');
    if (typeof code === 'string') span.set('db.response.status_code', code);
  }
  span.end();
}

/** `SELECT auth.tenant`: what a statement does, and the first table or function that it names. */
function summarize(text: string): string {
  let summary = summaries.get(text);
  if (summary === undefined) {
    const [, verb = 'QUERY'] = /^\s*(?:with\b.*?\)\s*)?([a-z]+)/is.exec(text) ?? [];
    const [, target = ''] =
      /\b(?:from|into|update|join)\s+(?!unnest\b)((?:"?[a-z_]\w*"?\.)?"?[a-z_]\w*"?)/i.exec(text) ??
      /\bselect\s+((?:"?[a-z_]\w*"?\.)"?[a-z_]\w*"?)\s*\(/i.exec(text) ??
      [];
    summary = `${verb.toUpperCase()} ${target.replaceAll('"', '')}`.trim();
    if (summaries.size >= maxSummaries) summaries.clear();
    summaries.set(text, summary);
  }
  return summary;
}
