import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { DocumentDecision } from './decide-document.ts';
import type { PersistedQueryCache } from './persisted-query-cache.ts';

/** What a request runs, and the hash to keep its text under once it runs. */
export type RunnableDocument = Pick<DocumentDecision, 'text' | 'hash'>;

/**
 * Finds the text of a hash that came alone.
 *
 * @throws {GraphQLError} PERSISTED_QUERY_NOT_FOUND: the client sends the text along, then.
 */
export function findText({ text, hash }: RunnableDocument, cache: PersistedQueryCache): RunnableDocument {
  if (text !== undefined || hash === undefined) {
    return { text, hash };
  }
  const known = cache.get(hash);
  if (known === undefined) {
    // In the words of Apollo Server, by which clients know it, and with its status: a step of the protocol, no failure.
    throw new GraphQLError('PersistedQueryNotFound', {
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 200, headers: new HeaderMap() } },
    });
  }
  return { text: known, hash };
}
