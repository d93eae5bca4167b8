import { createSampler, type Logger } from '@signet/service';
import { type RequestedDocument, sha256 } from './decide-document.ts';
import type { DocumentMark } from './document-mark.ts';
import type { DocumentList } from './manifest.ts';

export type UnlistedLog = {
  add(requested: RequestedDocument, list: DocumentList): void;
  /** Logs what has not been logged yet. */
  stop(): void;
};

/**
 * Logs documents that are on no list: one line a minute for each operation, with the number of requests. It names the
 * operation and a mark of its hash only: variables, and literals in the text, may be personal data.
 */
export function createUnlistedLog(
  logger: Logger,
  { entrance, isRefused, markOf }: { entrance: string; isRefused: boolean; markOf: DocumentMark },
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
      const sent = hashOf(requested);
      const hash = sent && markOf(sent);
      // A known operation is probably a new version that its team has to list. An unknown one may come from anybody.
      const isNameListed = name !== undefined && list.hasName(name);
      sampler.add(name ?? hash ?? '', { name, hash, isNameListed });
    },
    stop: () => sampler.stop(),
  };
}

/** The name that the request gives or with which the text begins. Further on, a word may be part of a literal. */
function nameOf({ operationName, text }: RequestedDocument): string | undefined {
  const name = operationName ?? /^\s*(?:query|mutation|subscription)\s+(\w{1,100})/.exec(text ?? '')?.[1];
  return name !== undefined && /^[_A-Za-z]\w{0,99}$/.test(name) ? name : undefined;
}

function hashOf({ id, text }: RequestedDocument): string | undefined {
  if (text !== undefined) return sha256(text);
  return id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}
