import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { createSegmentedCache } from '../planning/segmented-cache.ts';
import type { DocumentDecision } from './decide-document.ts';

export type PersistedQueryCacheOptions = {
  maxBytes?: number;
  /** A text that nobody requested in this time is no longer returned: its literals may be personal data. */
  idleMs?: number;
  /** A clock in milliseconds that never goes back. */
  now?: () => number;
};

export type PersistedQueryCache = {
  get(hash: string): string | undefined;
  set(hash: string, text: string): void;
};

const defaultMaxBytes = 8 * 2 ** 20;
const defaultIdleMs = 24 * 60 * 60 * 1000;
/** What an entry takes beside its text: key, objects, places in the map. It also bounds the number of entries. */
const bytesPerEntry = 400;
const bytesPerCharacter = 2;

/**
 * Texts by their hash. Any client can have a text kept by running it once. So this is a segmented cache, not a plain
 * LRU: texts that were used once only push each other out. A client whose text is gone sends it again, as Apollo Client
 * does by itself.
 */
export function createPersistedQueryCache(options: PersistedQueryCacheOptions = {}): PersistedQueryCache {
  const { maxBytes = defaultMaxBytes, idleMs = defaultIdleMs, now = () => performance.now() } = options;
  const texts = createSegmentedCache<{ text: string; usedAt: number }>({ maxSize: maxBytes });
  return {
    get(hash) {
      const known = texts.get(hash);
      if (!known || now() - known.usedAt >= idleMs) {
        return undefined;
      }
      known.usedAt = now();
      return known.text;
    },
    set(hash, text) {
      texts.set(hash, { text, usedAt: now() }, bytesPerEntry + bytesPerCharacter * text.length);
    },
  };
}

/** What a request runs, and the hash under which its text is kept once it runs. */
export type RunnableDocument = Pick<DocumentDecision, 'text' | 'hash'>;

/**
 * Finds the text of a hash that came alone.
 *
 * @throws {GraphQLError} PERSISTED_QUERY_NOT_FOUND: then the client sends the text too.
 */
export function findText(decided: RunnableDocument, cache: PersistedQueryCache): RunnableDocument {
  const { text, hash } = decided;
  if (text !== undefined || hash === undefined) {
    return decided;
  }
  const known = cache.get(hash);
  if (known === undefined) {
    // The text and status of Apollo Server, which clients know: this is a step of the protocol, not a failure.
    throw new GraphQLError('PersistedQueryNotFound', {
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 200, headers: new HeaderMap() } },
    });
  }
  return { text: known, hash };
}
