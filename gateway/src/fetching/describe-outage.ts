import { RefusalError } from '@signet/service';
import type { DocumentNode } from 'graphql';
import { type FetchPlace, placeErrors } from './place-errors.ts';
import type { GatewayResponse } from './read-answer.ts';

/**
 * What the client learns of a fetch that failed: that it is no fault of its own, and where in the answer data is missing;
 * nothing of the cause.
 *
 * @throws {GraphQLError} as `placeErrors`
 */
export function describeOutage(document: DocumentNode, place: FetchPlace): GatewayResponse {
  const { message, extensions } = new RefusalError('auth.unavailable');
  return placeErrors({ data: null, errors: [{ message, extensions }] }, document, place);
}
