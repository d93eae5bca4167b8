import { createHash } from 'node:crypto';
import { RefusalError } from '@signet/service';
import type { TrustedDocumentsMode } from './config.ts';
import type { DocumentList } from './document-list.ts';
import type { RequestedDocument } from './requested-document.ts';

/** What a request runs. Nothing else of it decides on that: the text goes to Apollo Server in place of the request's. */
export type DocumentDecision = {
  text: string | undefined;
  /** The key of an automatic persisted query, which Apollo Server looks up, or stores the text under. */
  hash: string | undefined;
  isTrusted: boolean;
};

/**
 * Decides what a request runs: a listed document by its id, or by its exact text; anything else only where the mode lets it.
 * There is no exception, for introspection and `{ __typename }` neither: an exception is one more way around a list.
 *
 * @throws {RefusalError} request.document
 */
export function decideDocument(
  { text, id }: RequestedDocument,
  list: DocumentList,
  mode: TrustedDocumentsMode,
): DocumentDecision {
  const listed = id === undefined ? undefined : list.findById(id);
  if (listed) {
    // Which of the two would run must not depend on who reads the request.
    if (text !== undefined && text !== listed.body) {
      throw refuse(
        'The id is that of another document than the text that was sent with it. Send the id alone.',
      );
    }
    return { text: listed.body, hash: undefined, isTrusted: true };
  }
  if (text !== undefined && id !== undefined && id !== sha256(text)) {
    throw refuse('The hash is not the SHA-256 of the text that was sent with it, in lower-case hex.');
  }
  const isTrusted = text !== undefined && list.hasText(text);
  if (mode === 'enforce') {
    if (!isTrusted) {
      throw refuse(
        id === undefined
          ? undefined
          : 'No trusted document has this id. Deploy its manifest first, then the client.',
      );
    }
    return { text, hash: undefined, isTrusted };
  }
  return { text, hash: id, isTrusted };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function refuse(text: string | undefined): RefusalError {
  return new RefusalError('request.document', text === undefined ? {} : { text });
}
