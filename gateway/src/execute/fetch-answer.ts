import type { GraphQLDataSource } from '@apollo/gateway';
import type { Reason } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { RawAnswer } from '../subgraphs/subgraph-connection.ts';
import { rootKeysOf } from './fetch-operation.ts';

export type GatewayResponse = Awaited<ReturnType<GraphQLDataSource['process']>>;

const graphqlTypes = /^application\/(json|graphql-response\+json)\s*(;|$)/i;

/**
 * Reads the answer of a subgraph. A refusal has its own status (401, 503) and a GraphQL body; anything without such a
 * body is a fault.
 *
 * @throws {Error} for a fault, without quoting the body
 */
export function readAnswer({ statusCode, headers, text }: RawAnswer): GatewayResponse {
  const isGraphql = graphqlTypes.test(String(headers['content-type'] ?? ''));
  const answer = isGraphql ? parseObject(text) : undefined;
  const { data = null, errors } = answer ?? {};
  const hasErrors = Array.isArray(errors) && errors.length > 0 && errors.every(isObject);
  if (!answer || typeof data !== 'object' || !(hasErrors || (errors === undefined && data !== null))) {
    throw new Error(`answered ${statusCode} without a GraphQL result`);
  }
  return answer as GatewayResponse;
}

/** Undefined for anything but a JSON object. The message of JSON.parse would quote the body. */
function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The place of a fetch in the client's operation. */
export type FetchPlace = {
  subgraph: string;
  variables: Record<string, unknown> | undefined;
  /** `@` for each item of a list. */
  path: readonly (string | number)[];
};

const anyItem = '@';

/**
 * Gives the errors of a fetch that was refused as a whole the paths of the fields that stay empty, so that the client
 * sees what is missing. A fetch of root fields gets an error for each of them.
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
    // As @apollo/gateway marks errors that come from a subgraph.
    extensions: { ...error.extensions, serviceName: subgraph },
  });
}

/**
 * Describes a fetch that failed to the client: that it did nothing wrong, whether sign-in or something else is down, and where in
 * the answer data is missing. The cause stays here.
 *
 * @throws {GraphQLError} as `placeErrors`
 */
export function describeOutage(document: DocumentNode, place: FetchPlace): GatewayResponse {
  const reason = place.subgraph === 'auth' ? 'auth.unavailable' : 'service.unavailable';
  const { message, extensions } = new RefusalError(reason);
  return placeErrors({ data: null, errors: [{ message, extensions }] }, document, place);
}

const proofReasons = new Set<unknown>([
  'auth.failure.proof_missing',
  'auth.failure.proof_invalid',
  'auth.failure.replay',
] satisfies Reason[]);

/** A subgraph refused the signature of a fetch. */
export class ProofRefusedError extends Error {
  override readonly name = 'ProofRefusedError';
}

/**
 * A refused signature is a matter between our processes: keys or clocks differ. It must not reach the client, which
 * would take it for a refusal of its token.
 *
 * @throws {ProofRefusedError} that says what the operator should check
 */
export function assertProofAccepted(errors: readonly Partial<GraphQLFormattedError>[] = []): void {
  const refused = errors.find(({ extensions }) => proofReasons.has(extensions?.reason));
  if (refused) {
    throw new ProofRefusedError(
      `refused the gateway's signature (${refused.extensions?.reason}): compare the proof keys, the entrance and the clocks of both`,
    );
  }
}
