import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import type { Platform } from '@signet/schema/contract';
import type { Logger } from '@signet/service';
import { type DocumentNode, Kind, type OperationTypeNode, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { GatewayContext } from '../entrance/request-context.ts';
import type { Fetch } from '../subgraphs/auth-route.ts';
import { askForEntities } from './entity-batches.ts';
import { describeOutage, type GatewayResponse, placeErrors } from './fetch-answer.ts';
import { operationOf } from './fetch-operation.ts';
import { type FetchSender, OutageError } from './fetch-sender.ts';

export type SubgraphDataSourceOptions = {
  name: string;
  sender: Pick<FetchSender, 'send'>;
  /** Whose process answers a fetch, and whose session cookie it carries. Without it, it goes to that of `user`. */
  platformOf?(fetch: Fetch): Platform;
  logger: Logger;
};

/** A member of an enum that @apollo/gateway declares but does not export. */
const incomingOperation: string = 'incoming operation';
const maxKnownFetches = 1000;
/** Clients choose the literals of a fetch: without a limit, long texts would fill the memory. */
const maxKnownLength = 4000;

/** Has @apollo/gateway send its fetches to one subgraph by `FetchSender`, and places the errors as it expects them. */
export class SubgraphDataSource implements GraphQLDataSource {
  readonly #options: SubgraphDataSourceOptions;
  readonly #kinds = new LRUCache<string, FetchKind>({ max: maxKnownFetches });

  constructor(options: SubgraphDataSourceOptions) {
    this.#options = options;
  }

  async process(options: GraphQLDataSourceProcessOptions): Promise<GatewayResponse> {
    if (options.kind !== incomingOperation || !('pathInIncomingRequest' in options)) {
      throw new Error('The gateway composes nothing at run time and asks no subgraph for its schema.');
    }
    const { name, sender, platformOf, logger } = this.#options;
    const { query = '', variables } = options.request;
    const { operation, isOfEntities } = this.#kindOf(query);
    const kind = operation === 'query' ? 'query' : 'mutation';
    const group = platformOf?.({ query, variables });
    const ask = async (part: Fetch['variables']) => {
      const body = JSON.stringify({ query, variables: part });
      const fetch = { subgraph: name, kind, body, group } as const;
      return (await sender.send(fetch, options.context as GatewayContext)) as GatewayResponse;
    };
    const place = { subgraph: name, variables, path: options.pathInIncomingRequest ?? [] };
    const document = () => parse(query, { noLocation: true });
    let result: GatewayResponse;
    try {
      result =
        Array.isArray(variables?.representations) && isOfEntities
          ? await askForEntities(variables, query, ask)
          : await ask(variables);
    } catch (error) {
      if (!(error instanceof OutageError)) logger.warn({ subgraph: name, err: error }, 'a fetch failed');
      return describeOutage(document(), place);
    }
    return result.data ? result : placeErrors(result, document(), place);
  }

  #kindOf(query: string): FetchKind {
    let kind = this.#kinds.get(query);
    if (!kind) {
      kind = readKind(parse(query, { noLocation: true }));
      if (query.length <= maxKnownLength) {
        this.#kinds.set(query, kind);
      }
    }
    return kind;
  }
}

/** `isOfEntities`: it asks for `_entities` by its variable `representations`, which @apollo/gateway makes. */
type FetchKind = { operation: OperationTypeNode; isOfEntities: boolean };

function readKind(document: DocumentNode): FetchKind {
  const { operation, selectionSet } = operationOf(document);
  const [field] = selectionSet.selections;
  return { operation, isOfEntities: field?.kind === Kind.FIELD && field.name.value === '_entities' };
}
