import type { GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { RefusalError } from '@signet/service';
import { type DocumentNode, GraphQLError } from 'graphql';
import { rootKeysOf } from './fetch-operation.ts';
import type { GatewayResponse } from './read-answer.ts';

type Place = Extract<
  GraphQLDataSourceProcessOptions,
  { kind: 'incoming operation' }
>['pathInIncomingRequest'];

const anyItem = '@';

/**
 * What the client learns of a fetch that failed: that it is no fault of its own, and where in the answer data is missing;
 * nothing of the cause. A fetch of root fields is answered with an error for each of them.
 *
 * @throws {GraphQLError} for a fetch of entities: with the place of the list that they are in, or of the one object
 */
export function describeOutage(
  document: DocumentNode,
  variables: Record<string, unknown> | undefined,
  place: Place = [],
): GatewayResponse {
  const { message, extensions } = new RefusalError('auth.unavailable');
  const keys = rootKeysOf(document, variables);
  if (keys[0] !== '_entities') {
    return { data: null, errors: keys.map((key) => ({ message, path: [key], extensions })) };
  }
  const firstList = place.indexOf(anyItem);
  const path = firstList < 0 ? place : place.slice(0, firstList);
  throw new GraphQLError(message, {
    path: path as (string | number)[],
    originalError: new RefusalError('auth.unavailable'),
  });
}
