import { type DocumentNode, GraphQLError } from 'graphql';
import { rootKeysOf } from './fetch-operation.ts';
import type { GatewayResponse } from './read-answer.ts';

/** Where a fetch stands in the client's operation. */
export type FetchPlace = {
  subgraph: string;
  variables: Record<string, unknown> | undefined;
  /** `@` for each item of a list. */
  path: readonly (string | number)[];
};

const anyItem = '@';

/**
 * Errors of a fetch that was refused as a whole have no path: gives them those of the fields that they leave empty, for a
 * client to tell what is missing. A fetch of root fields has an error for each.
 *
 * @throws {GraphQLError} for a fetch of entities: with the path of the list that they are in, or of the one object
 */
export function placeErrors(
  answer: GatewayResponse,
  document: DocumentNode,
  { subgraph, variables, path }: FetchPlace,
): GatewayResponse {
  const [error] = answer.errors ?? [];
  if (!error || answer.data || error.path) {
    return answer;
  }
  const keys = rootKeysOf(document, variables);
  if (keys[0] !== '_entities') {
    return { ...answer, errors: keys.map((key) => ({ ...error, path: [key] })) };
  }
  const firstList = path.indexOf(anyItem);
  throw new GraphQLError(error.message, {
    path: firstList < 0 ? path : path.slice(0, firstList),
    // As @apollo/gateway marks what it was told by a subgraph.
    extensions: { ...error.extensions, serviceName: subgraph },
  });
}
