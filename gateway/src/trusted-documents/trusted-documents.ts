import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { ConfigError, type Logger, RefusalError } from '@signet/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { findDocumentFaults } from './check-documents.ts';
import type { TrustedDocumentsMode } from './config.ts';
import { type DocumentDecision, decideDocument } from './decide-document.ts';
import type { DocumentList } from './document-list.ts';
import { type FollowedManifests, followManifests } from './follow-manifests.ts';
import { ManifestError } from './manifest.ts';
import { createPersistedQueryCache, type PersistedQueryCache } from './persisted-query-cache.ts';
import { readRequestedDocument } from './requested-document.ts';
import { createUnlistedLog } from './unlisted-log.ts';

export type TrustedDocumentsOptions = {
  entrance: string;
  mode: TrustedDocumentsMode;
  /** Manifests, and folders of them. */
  paths: readonly string[];
  /** The variable to name when a manifest can't be used. */
  pathsVariable: string;
  logger: Logger;
  pollMs?: number;
};

/** The context of an entrance's request, with what it runs. */
export type WithDocument<C> = C & { document: DocumentDecision };
type CreateContext<C> = (request: FastifyRequest, reply: FastifyReply) => Promise<C>;

export type TrustedDocuments = {
  /** Decides after the context is there: a bad token is told of before a bad document. */
  withDocument<C extends BaseContext>(createContext: CreateContext<C>): CreateContext<WithDocument<C>>;
  /** Has to come before plugins that look at a request's text. */
  plugin: ApolloServerPlugin<WithDocument<BaseContext>>;
  /** For Apollo Server: automatic persisted queries, where any document may run. */
  persistedQueries: false | { cache: PersistedQueryCache };
  stop(): void;
};

/**
 * The trusted documents of an entrance: read, followed, and held against each request.
 *
 * @throws {ConfigError} when a manifest can't be used
 */
export async function openTrustedDocuments(options: TrustedDocumentsOptions): Promise<TrustedDocuments> {
  const { entrance, mode, logger } = options;
  let schema: GraphQLSchema | undefined;
  const check = (list: DocumentList) => {
    if (schema) void tellFaults(list, schema, options);
  };
  const manifests = await follow(options, check);
  const unlisted = createUnlistedLog(logger, { entrance, isRefused: mode === 'enforce' });
  const decide = (request: FastifyRequest): DocumentDecision => {
    const { list } = manifests;
    const requested = readRequestedDocument(request);
    try {
      const decision = decideDocument(requested, list, mode);
      if (mode !== 'off' && !decision.isTrusted) unlisted.add(requested, list);
      return decision;
    } catch (error) {
      if (mode !== 'off' && error instanceof RefusalError) unlisted.add(requested, list);
      throw error;
    }
  };
  return {
    withDocument: (createContext) => async (request, reply) => {
      const context = await createContext(request, reply);
      return { ...context, document: decide(request) };
    },
    plugin: {
      async serverWillStart(service) {
        schema = service.schema;
        check(manifests.list);
      },
      // Changes the request before its first `await`, and so before other plugins and Apollo Server look at it.
      async requestDidStart({ request, contextValue: { document } }) {
        const { persistedQuery: _, ...extensions } = request.extensions ?? {};
        request.extensions = extensions;
        if (document.hash !== undefined) {
          extensions.persistedQuery = { version: 1, sha256Hash: document.hash };
        }
        if (document.text === undefined) delete request.query;
        else request.query = document.text;
      },
    },
    persistedQueries: mode === 'enforce' ? false : { cache: createPersistedQueryCache() },
    stop() {
      manifests.stop();
      unlisted.stop();
    },
  };
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
      manifests.stop();
      throw new ConfigError([`${pathsVariable}: there is no document in what it names`]);
    }
    return manifests;
  } catch (error) {
    throw error instanceof ManifestError ? new ConfigError([`${pathsVariable}: ${error.message}`]) : error;
  }
}

const maxToldFaults = 20;

/** In the background. Such a document is refused when it is asked for, as any other that does not hold. */
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
