import { setImmediate } from 'node:timers/promises';
import type { ApolloServerPlugin, BaseContext, GraphQLRequest } from '@apollo/server';
import { type AskedRequest, ConfigError, type Logger } from '@signet/service';
import { type GraphQLSchema, parse, validate } from 'graphql';
import type { TrustedDocumentsMode } from '../config.ts';
import type { CreateContext } from '../entrance/request-context.ts';
import { decideDocument, readRequestedDocument } from './decide-document.ts';
import type { DocumentMark } from './document-mark.ts';
import { type FollowedManifests, followManifests } from './follow-manifests.ts';
import { type DocumentList, ManifestError, type TrustedDocument } from './manifest.ts';
import { createPersistedQueryCache, findText, type RunnableDocument } from './persisted-queries.ts';
import { createUnlistedLog } from './unlisted-log.ts';

export type TrustedDocumentsOptions = {
  entrance: string;
  mode: TrustedDocumentsMode;
  /** Paths of manifests and of folders with manifests. */
  paths: readonly string[];
  /** The variable to name when a manifest cannot be used. */
  pathsVariable: string;
  markOf: DocumentMark;
  logger: Logger;
  pollMs?: number;
};

/** The context of a request, with the text that it runs. */
export type WithDocument<C> = C & { document: RunnableDocument };

export type TrustedDocuments = {
  /** Those that are listed now. */
  readonly documents: readonly TrustedDocument[];
  /** Decides after the context is built, so that a bad token is reported before a bad document. */
  withDocument<C extends BaseContext>(createContext: CreateContext<C>): CreateContext<WithDocument<C>>;
  /** Must come before plugins that look at a request's text. */
  plugin: ApolloServerPlugin<WithDocument<BaseContext>>;
  /** Remembers the text of an automatic persisted query. Called only for an operation that is valid, within the limits and allowed. */
  remember(document: RunnableDocument): void;
  stop(): Promise<void>;
};

/**
 * Reads and follows the trusted documents of an entrance, and checks each request against them. Where any document may
 * run, it adds automatic persisted queries.
 *
 * @throws {ConfigError} when a manifest cannot be used
 */
export async function openTrustedDocuments(options: TrustedDocumentsOptions): Promise<TrustedDocuments> {
  const { entrance, mode, markOf, logger } = options;
  let schema: GraphQLSchema | undefined;
  const check = (list: DocumentList) => {
    if (schema) void tellFaults(list, schema, options);
  };
  const manifests = await follow(options, check);
  const unlisted = createUnlistedLog(logger, { entrance, isRefused: mode === 'enforce', markOf });
  const persistedQueries = createPersistedQueryCache();
  const decide = (request: AskedRequest): RunnableDocument => {
    const { list } = manifests;
    const requested = readRequestedDocument(request);
    const decision = decideDocument(requested, list, mode, () => unlisted.add(requested, list));
    return findText(decision, persistedQueries);
  };
  const remember = ({ hash, text }: RunnableDocument) => {
    if (hash !== undefined && text !== undefined) persistedQueries.set(hash, text);
  };
  return {
    get documents() {
      return manifests.list.documents;
    },
    withDocument<C extends BaseContext>(createContext: CreateContext<C>): CreateContext<WithDocument<C>> {
      const decideFor = (context: C, request: AskedRequest) => {
        const decided = context as WithDocument<C>;
        decided.document = decide(request);
        return decided;
      };
      return (request, reply) => {
        const context = createContext(request, reply);
        return context instanceof Promise
          ? context.then((created) => decideFor(created, request))
          : decideFor(context, request);
      };
    },
    remember,
    plugin: {
      async serverWillStart(service) {
        schema = service.schema;
        check(manifests.list);
      },
      async requestDidStart({ request, contextValue: { document } }) {
        // Before the first `await`, so that other plugins and Apollo Server see the request only after this.
        putText(request, document.text);
        return {
          async executionDidStart() {
            remember(document);
          },
        };
      },
    },
    stop() {
      unlisted.stop();
      return manifests.stop();
    },
  };
}

/** Nothing else in a request decides what it runs. */
function putText(request: GraphQLRequest, text: string | undefined): void {
  const { persistedQuery: _, ...extensions } = request.extensions ?? {};
  request.extensions = extensions;
  if (text === undefined) delete request.query;
  else request.query = text;
}

async function follow(
  { mode, paths, pathsVariable, logger, pollMs }: TrustedDocumentsOptions,
  onChange: (list: DocumentList) => void,
): Promise<FollowedManifests> {
  try {
    const manifests = await followManifests({
      paths,
      logger,
      onChange,
      ...(pollMs !== undefined && { pollMs }),
    });
    if (mode !== 'off' && manifests.list.documents.length === 0) {
      await manifests.stop();
      throw new ConfigError([`${pathsVariable}: there is no document in what it names`]);
    }
    return manifests;
  } catch (error) {
    throw error instanceof ManifestError ? new ConfigError([`${pathsVariable}: ${error.message}`]) : error;
  }
}

const maxToldFaults = 20;

/** Logs faulty documents, in the background. A request for one is refused like any other invalid request. */
async function tellFaults(
  { documents }: DocumentList,
  schema: GraphQLSchema,
  { entrance, logger }: TrustedDocumentsOptions,
): Promise<void> {
  if (documents.length === 0) return;
  const faults = await findDocumentFaults(documents, schema);
  logger.info({ entrance, documents: documents.length, invalid: faults.length }, 'trusted documents checked');
  for (const fault of faults.slice(0, maxToldFaults)) {
    logger.warn({ entrance, ...fault }, 'a trusted document does not fit the schema');
  }
}

export type DocumentFault = { id: string; name: string; fault: string };

/**
 * Finds the documents that are not valid in the schema, and the first fault of each. Most often they belong to a client
 * that is newer or older than this server. Lets other work run between two documents.
 */
export async function findDocumentFaults(
  documents: readonly TrustedDocument[],
  schema: GraphQLSchema,
): Promise<readonly DocumentFault[]> {
  const faults: DocumentFault[] = [];
  for (const { id, name, body } of documents) {
    const fault = findFault(body, schema);
    if (fault !== undefined) {
      faults.push({ id, name, fault });
    }
    await setImmediate();
  }
  return faults;
}

function findFault(body: string, schema: GraphQLSchema): string | undefined {
  try {
    return validate(schema, parse(body))[0]?.message;
  } catch (error) {
    return (error as Error).message;
  }
}
