import { createSampler, type Logger } from '@signet/service';
import { type RequestedDocument, sha256 } from './decide-document.ts';
import type { DocumentList } from './manifest.ts';

export type UnlistedLog = {
  add(requested: RequestedDocument, list: DocumentList): void;
  /** Tells of what has not been told yet. */
  stop(): void;
};

/**
 * Tells of documents that are on no list: a line a minute for each operation, with how many requests there were. Only its
 * name and hash: variables, and literals in the text, are somebody's data.
 */
export function createUnlistedLog(
  logger: Logger,
  { entrance, isRefused }: { entrance: string; isRefused: boolean },
): UnlistedLog {
  const sampler = createSampler<object>((operation, requests, isShared) =>
    logger.info(
      { entrance, isRefused, requests, ...(isShared ? { operations: 'several' } : operation) },
      isRefused
        ? 'a document that is not trusted was refused'
        : 'a document that is not trusted would be refused',
    ),
  );
  return {
    add(requested, list) {
      const name = nameOf(requested);
      const hash = hashOf(requested);
      // The team of a known operation has to list its new version; an unknown one may be anybody's.
      const isNameListed = name !== undefined && list.hasName(name);
      sampler.add(name ?? hash ?? '', { name, hash, isNameListed });
    },
    stop: () => sampler.stop(),
  };
}

/** As the request says, or as the text begins: further on, a word may be part of a literal. */
function nameOf({ operationName, text }: RequestedDocument): string | undefined {
  const name = operationName ?? /^\s*(?:query|mutation|subscription)\s+(\w{1,100})/.exec(text ?? '')?.[1];
  return name !== undefined && /^[_A-Za-z]\w{0,99}$/.test(name) ? name : undefined;
}

function hashOf({ id, text }: RequestedDocument): string | undefined {
  if (text !== undefined) return sha256(text);
  return id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}
