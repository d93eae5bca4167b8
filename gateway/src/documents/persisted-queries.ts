import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { createSegmentedCache } from '../planning/segmented-cache.ts';
import type { DocumentDecision } from './decide-document.ts';

export type PersistedQueryCacheOptions = {
  maxBytes?: number;
  /** A text that nobody asked for in this time is not given any more: its literals may be somebody's data. */
  idleMs?: number;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
};

export type PersistedQueryCache = {
  get(hash: string): string | undefined;
  set(hash: string, text: string): void;
};

const defaultMaxBytes = 8 * 2 ** 20;
const defaultIdleMs = 24 * 60 * 60 * 1000;
/** Of an entry beside its text: key, objects, places in the map. It bounds the number of entries, too. */
const bytesPerEntry = 400;
const bytesPerCharacter = 2;

/**
 * Texts by their hash. Anybody may have one kept that ran once; so what was not asked for again drives out only its like.
 * Whoever loses a text sends it once more: Apollo Client does so by itself.
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
