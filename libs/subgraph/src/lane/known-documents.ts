import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Parsed documents by text, all of them valid. */
export type KnownDocuments = {
  find(text: string): DocumentNode | undefined;
  add(text: string, document: DocumentNode): void;
};

/** Of all documents together, by `bytesOf`. Gateways send as many as they have plans; a bound holds whatever they send. */
const maxBytes = 32 * 1024 * 1024;
/** A syntax tree takes about this much for each character of its text: nodes, places and tokens. Measured. */
const bytesPerCharacter = 80;
const bytesPerDocument = 1024;

/** Caches documents, at most 32 MB of them. Those that were not asked for the longest time go first. */
export function createKnownDocuments(limitBytes = maxBytes): KnownDocuments {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: limitBytes,
    sizeCalculation: (_document, text) => bytesOf(text),
  });
  return {
    find: (text) => documents.get(text),
    add: (text, document) => void documents.set(text, document),
  };
}

/** What a document with this text takes, about. */
export function bytesOf(text: string): number {
  return bytesPerDocument + bytesPerCharacter * text.length;
}
