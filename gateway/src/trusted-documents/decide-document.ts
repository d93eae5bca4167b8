import { createHash } from 'node:crypto';
import { RefusalError } from '@signet/service';
import type { TrustedDocumentsMode } from './config.ts';
import type { DocumentList } from './document-list.ts';
import type { RequestedDocument } from './requested-document.ts';

/** What a request is to run. */
export type DocumentDecision = {
  text: string | undefined;
  /** Of an automatic persisted query: that of the text, or what is to be looked up where there is none. */
  hash: string | undefined;
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
  onUnlisted: () => void = () => {},
): DocumentDecision {
  const listed = id === undefined ? undefined : list.findById(id);
  if (listed) {
    // Which of the two would run must not depend on who reads the request.
    if (text !== undefined && text !== listed.body) {
      throw refuse(
        'The id is that of another document than the text that was sent with it. Send the id alone.',
      );
    }
    return { text: listed.body, hash: undefined };
  }
  if (text !== undefined && id !== undefined && id !== sha256(text)) {
    throw refuse('The hash is not the SHA-256 of the text that was sent with it, in lower-case hex.');
  }
  if (text !== undefined && list.hasText(text)) {
    return { text, hash: undefined };
  }
  if (mode !== 'off') {
    onUnlisted();
  }
  if (mode === 'enforce') {
    throw refuse(
      id === undefined
        ? undefined
        : 'No trusted document has this id. Deploy its manifest first, then the client.',
    );
  }
  return { text, hash: id };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function refuse(text: string | undefined): RefusalError {
  return new RefusalError('request.document', text === undefined ? {} : { text });
}
