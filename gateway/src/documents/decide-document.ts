import { createHash } from 'node:crypto';
import { type AskedRequest, RefusalError } from '@signet/service';
import type { TrustedDocumentsMode } from '../config.ts';
import type { DocumentList } from './manifest.ts';

/** What a request runs. */
export type DocumentDecision = {
  text: string | undefined;
  /** For automatic persisted queries: the hash of `text`, or the hash to look up where `text` is missing. */
  hash: string | undefined;
};

/**
 * Decides what a request runs: a listed document, by its id or by its exact text, and any other text only where the
 * mode allows it. There is no exception, not even for introspection and `{ __typename }`: each exception would be a way
 * around the list.
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
    // Otherwise the text that runs would depend on which of the two a server reads.
    if (text !== undefined && text !== listed.body) {
      throw refuse(
        'The id belongs to another document than the text that was sent with it. Send the id alone.',
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

function refuse(text?: string): RefusalError {
  return new RefusalError('request.document', text === undefined ? {} : { text });
}

/** What a request says about the document that it wants to run. */
export type RequestedDocument = {
  text: string | undefined;
  /**
   * From Apollo Client's `persistedQuery`, or from the `documentId` of GraphQL over HTTP (appendix A), without
   * `sha256:`.
   */
  id: string | undefined;
  operationName: string | undefined;
};

type Parameters = { query?: unknown; documentId?: unknown; extensions?: unknown; operationName?: unknown };

/**
 * Reads it from a GET or a POST. A value that is not a string counts as missing: Apollo Server reads the request again,
 * reports what is wrong, and runs only the text that is decided on here.
 *
 * @throws {RefusalError} request.document, where an id has the wrong form
 */
export function readRequestedDocument(request: AskedRequest): RequestedDocument {
  const { query, documentId, extensions, operationName } =
    request.method === 'GET' ? parametersOfUrl(request.url) : parametersOfBody(request.body);
  const named = readDocumentId(documentId);
  const persisted = readPersistedQuery(extensions);
  if (named !== undefined && persisted !== undefined && named !== persisted) {
    throw refuse('The request names two different documents: send one id.');
  }
  return {
    text: stringOrNothing(query),
    id: named ?? persisted,
    operationName: stringOrNothing(operationName),
  };
}

function parametersOfBody(body: unknown): Parameters {
  return isObject(body) ? body : {};
}

function parametersOfUrl(url: string): Parameters {
  // Read as Apollo Server and the limits read it.
  const parameters = URL.parse(url, 'http://gateway')?.searchParams ?? new URLSearchParams();
  const single = (name: string) => {
    const [value, ...others] = parameters.getAll(name);
    if (others.length > 0 && name === 'documentId') {
      throw refuse('The request names two documents: send one documentId.');
    }
    return value;
  };
  return {
    query: single('query'),
    documentId: single('documentId'),
    extensions: parseJson(single('extensions')),
    operationName: single('operationName'),
  };
}

/** `sha256:<hex>` and the bare hash are the same id. Any other id stays as it is. */
function readDocumentId(documentId: unknown): string | undefined {
  if (documentId === undefined || documentId === null) {
    return undefined;
  }
  if (typeof documentId !== 'string' || documentId === '') {
    throw refuse('documentId must be a text.');
  }
  return documentId.replace(/^sha256:(?=[0-9a-f]{64}$)/, '');
}

function readPersistedQuery(extensions: unknown): string | undefined {
  const persistedQuery = isObject(extensions) ? extensions.persistedQuery : undefined;
  if (persistedQuery === undefined || persistedQuery === null) {
    return undefined;
  }
  const { version, sha256Hash } = isObject(persistedQuery) ? persistedQuery : {};
  if (version !== 1 || typeof sha256Hash !== 'string' || sha256Hash === '') {
    throw refuse('extensions.persistedQuery must be { "version": 1, "sha256Hash": "…" }.');
  }
  return sha256Hash;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function stringOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
