import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type OperationHooks, RefusalError, refusalLabels } from '@signet/service';
import { otherValue, type ServiceMetrics } from '@signet/telemetry';
import type { GraphQLError } from 'graphql';
import type { ContextReader } from './context-reader.ts';

/** Counts and times the GraphQL requests of a subgraph, whichever lane they take. */
export type SubgraphMetrics = {
  /** Watches all requests of a server to /graphql. */
  watch(server: Server): void;
  /** The errors of this context are the request's. */
  begin(context: object, request: IncomingMessage): void;
  hooks: OperationHooks;
};

const path = '/graphql';
const knownEntrances = new Set(['graph', 'user', 'portal']);

export function createSubgraphMetrics(
  metrics: ServiceMetrics,
  subgraph: string,
  readContext: ContextReader,
): SubgraphMetrics {
  const durations = metrics.histogram('signet_subgraph_request_duration_seconds', subgraph);
  const counters = {
    ok: metrics.counter('signet_subgraph_requests_total', subgraph, 'ok'),
    errors: metrics.counter('signet_subgraph_requests_total', subgraph, 'errors'),
    refused: metrics.counter('signet_subgraph_requests_total', subgraph, 'refused'),
  };
  const requests = new WeakMap<object, IncomingMessage>();
  const withErrors = new WeakSet<IncomingMessage>();
  const countRefusals = (request: IncomingMessage, errors: readonly GraphQLError[]) => {
    const { entrance = '-' } = readContext({ raw: request }) ?? {};
    const label = entrance === '-' || knownEntrances.has(entrance) ? entrance : otherValue;
    // Fifty refused items of a list are one refusal.
    for (const refusal of new Set(errors.map(describe))) {
      const [code = '', reason = ''] = refusal.split(' ', 2);
      metrics.counter('signet_refusals_total', label, code, reason).inc();
    }
  };
  return {
    watch(server) {
      server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
        if (request.url !== path) return;
        const startedAt = performance.now();
        response.once('close', () => {
          durations.observe((performance.now() - startedAt) / 1000);
          const outcome = response.statusCode >= 400 ? 'refused' : withErrors.has(request) ? 'errors' : 'ok';
          counters[outcome].inc();
        });
      });
    },
    begin: (context, request) => void requests.set(context, request),
    hooks: {
      onErrors(errors, context) {
        const request = requests.get(context);
        if (!request || withErrors.has(request)) return;
        withErrors.add(request);
        countRefusals(request, errors);
      },
    },
  };
}

function describe(error: GraphQLError): string {
  const refusal = error.originalError ?? error;
  return (
    refusal instanceof RefusalError
      ? refusalLabels(refusal.code, refusal.reason)
      : refusalLabels(error.extensions.code ?? 'INTERNAL_SERVER_ERROR', error.extensions.reason)
  ).join(' ');
}
