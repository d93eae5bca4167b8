import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequestValue, type OperationHooks, RefusalError, refusalLabels } from '@signet/service';
import { otherValue, type ServiceMetrics } from '@signet/telemetry';
import type { GraphQLError } from 'graphql';
import type { ContextReader } from './context-reader.ts';
import { proofReasons } from './proof/proof-refusals.ts';

/** Counts and times the GraphQL requests of a subgraph, whichever lane they take. */
export type SubgraphMetrics = {
  /** Watches all requests of a server to /graphql. */
  watch(server: Server): void;
  /** The errors of this context are the request's. */
  begin(context: object, request: IncomingMessage): void;
  hooks: OperationHooks;
};

const requestKey = Symbol('signet.request');
type WithRequest = { [requestKey]?: IncomingMessage };

const path = '/graphql';
const knownOfProof = new Set<string>(proofReasons);
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
  const withErrors = createRequestValue<true>('hasErrors');
  const countRefusals = (request: IncomingMessage, errors: readonly GraphQLError[]) => {
    const label = entranceLabel(readContext({ raw: request })?.entrance);
    // Fifty refused items of a list are one refusal.
    for (const refusal of new Set(errors.map(describe))) {
      const [code = '', reason = ''] = refusal.split(' ', 2);
      if (knownOfProof.has(reason)) continue; // createProofCount has.
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
          const outcome = response.statusCode >= 400 ? 'refused' : withErrors.of(request) ? 'errors' : 'ok';
          counters[outcome].inc();
        });
      });
    },
    begin(context: WithRequest, request) {
      context[requestKey] = request;
    },
    hooks: {
      onErrors(errors, context: WithRequest) {
        const request = context[requestKey];
        if (!request || withErrors.of(request)) return;
        withErrors.set(request, true);
        countRefusals(request, errors);
      },
    },
  };
}

/** Counts requests that were refused for their proof, most of them before anything else looks at them. */
export function createProofCount(metrics: ServiceMetrics) {
  const seriesOf = ({ code, reason }: RefusalError, entrance: string | undefined) =>
    metrics.counter('signet_refusals_total', entranceLabel(entrance), ...refusalLabels(code, reason));
  // They are there from the start: the first burst would not show in a series that begins with it.
  for (const reason of proofReasons) seriesOf(new RefusalError(reason), undefined);
  return (refusal: RefusalError, entrance: string | undefined) => seriesOf(refusal, entrance).inc();
}

function entranceLabel(entrance: string | undefined): string {
  if (entrance === undefined) return '-';
  return knownEntrances.has(entrance) ? entrance : otherValue;
}

function describe(error: GraphQLError): string {
  const refusal = error.originalError ?? error;
  return (
    refusal instanceof RefusalError
      ? refusalLabels(refusal.code, refusal.reason)
      : refusalLabels(error.extensions.code ?? 'INTERNAL_SERVER_ERROR', error.extensions.reason)
  ).join(' ');
}
