import type { GraphQLDataSource } from '@apollo/gateway';
import type { RawAnswer } from './subgraph-connection.ts';

export type GatewayResponse = Awaited<ReturnType<GraphQLDataSource['process']>>;

const graphqlTypes = /^application\/(json|graphql-response\+json)\s*(;|$)/i;

/**
 * A refusal comes with its own status (401, 503) and a GraphQL body; anything that is not such a body is a fault.
 *
 * @throws where it is one, without a word of what the body holds
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

/** Undefined for what is no JSON object. JSON.parse would quote the body in its message. */
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
