import { isAscii, isUtf8 } from 'node:buffer';
import type { GraphQLDataSource } from '@apollo/gateway';
import type { Reason } from '@signet/schema/contract';
import { RefusalError } from '@signet/service';
import { type DocumentNode, GraphQLError } from 'graphql';
import type { RawAnswer } from '../subgraphs/exchange.ts';
import type { FetchResult, SubgraphError } from './executor.ts';
import { rootKeysOf } from './fetch-operation.ts';

export type GatewayResponse = Awaited<ReturnType<GraphQLDataSource['process']>>;

const graphqlTypes = /^application\/(json|graphql-response\+json)\s*(;|$)/i;
const byteOrderMark = '\ufeff';

/**
 * Reads the answer of a subgraph. A refusal has its own status (401, 503) and a GraphQL body; anything without such a
 * body is a fault.
 *
 * @throws {Error} for a fault, without quoting the body
 */
export function readAnswer({ statusCode, headers, body }: RawAnswer): FetchResult {
  const isGraphql = graphqlTypes.test(headers['content-type'] ?? '');
  const answer = isGraphql ? parseObject(body) : undefined;
  const { data = null, errors } = answer ?? {};
  const hasErrors = Array.isArray(errors) && errors.length > 0 && errors.every(isObject);
  const hasData = isObject(data);
  if (!answer || !(hasData || data === null) || !(hasErrors || (errors === undefined && hasData))) {
    throw new Error(`answered ${statusCode} without a GraphQL result`);
  }
  // The executor tells an answer without data by its null.
  return (hasErrors ? { data, errors } : { data }) as FetchResult;
}

/** Undefined for anything but a JSON object in UTF-8. The message of JSON.parse would quote the body. */
function parseObject(body: Buffer): Record<string, unknown> | undefined {
  const text = decodeUtf8(body);
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where the bytes are not UTF-8: a decoder that replaces them would change what the subgraph said. */
function decodeUtf8(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
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
  const { message, extensions } = new RefusalError(outageReasonOf(place.subgraph));
  return placeErrors({ data: null, errors: [{ message, extensions }] }, document, place);
}

/** What a client is told where a subgraph gives no answer. */
export function outageReasonOf(subgraph: string): 'auth.unavailable' | 'service.unavailable' {
  return subgraph === 'auth' ? 'auth.unavailable' : 'service.unavailable';
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
export function assertProofAccepted(errors: readonly SubgraphError[]): void {
  const refused = errors.map(reasonOf).find((reason) => proofReasons.has(reason));
  if (refused !== undefined) {
    throw new ProofRefusedError(
      `refused the gateway's signature (${refused}): compare the proof keys, the entrance and the clocks of both`,
    );
  }
}

/** The reason that an error of a subgraph gives, of whatever type. */
export function reasonOf({ extensions }: SubgraphError): unknown {
  return isObject(extensions) ? extensions.reason : undefined;
}

/** The code that an error of a subgraph gives, of whatever type. */
export function codeOf({ extensions }: SubgraphError): unknown {
  return isObject(extensions) ? extensions.code : undefined;
}
