import type { VerifiedProof } from '@signet/proof';
import {
  createHttpServer,
  type DirectHandler,
  type DirectRoute,
  type EndpointPlugin,
  type ErrorTranslation,
  errorBody,
  type Health,
  type HttpServerOptions,
  listen,
  type OperationHooks,
  type RunningServer,
  readAuthorization,
  subgraphBodyLimitBytes,
  subgraphHeaderLimitBytes,
} from '@signet/service';
import type { SubgraphRequest } from '@signet/session';
import type { ServiceMetrics } from '@signet/telemetry';
import type { Tracing } from '@signet/telemetry/tracing';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { type ContextReader, createContextReader } from './context-reader.ts';
import { mountSchema } from './lane/mount-schema.ts';
import { withProof } from './proof/operation-proof.ts';
import { type ProofCheck, type ProofGate, registerProofGate } from './proof/proof-gate.ts';
import { createRequestRunner, type RequestScopes, registerRequestRunner } from './request-runner.ts';
import { createSpanHooks } from './request-spans.ts';
import { createSubgraphMetrics, type SubgraphMetrics } from './subgraph-metrics.ts';

/** A request with its cookies. Only auth reads and sets them, and believes nothing else of theirs. */
export type SubgraphHttpRequest = SubgraphRequest & {
  cookie: string | undefined;
  /** Which gateway's entrance sent it; undefined only with REQUIRE_PROOF=no. */
  proof: VerifiedProof | undefined;
  /** Adds a Set-Cookie line to the answer, also where the operation fails later. */
  setCookie(line: string): void;
};

export type SubgraphServerOptions<C extends object> = HttpServerOptions & {
  host: string;
  port: number;
  portVariable?: string;
  schema: GraphQLSchema;
  introspection: boolean;
  /** Checks that a gateway sent a request, before anything of it is believed. Undefined: everybody who reaches the port counts as one. */
  proof: ProofCheck | undefined;
  createContext(request: SubgraphHttpRequest): Promise<C>;
  translateError?: ErrorTranslation;
  hooks?: readonly OperationHooks[];
  /** Plugins of Apollo Server. With one of them, Apollo Server answers every request. */
  plugins?: readonly EndpointPlugin[];
  /** `apollo`: Apollo Server answers every request, for tests that compare. */
  lane?: 'apollo' | 'both' | undefined;
  /** More routes beside /graphql, for everybody (auth's JWKS). */
  addRoutes?(server: FastifyInstance): void;
  /** More routes that only a gateway may ask; not there where nothing is checked. */
  addProvenRoutes?(scope: FastifyInstance, gate: ProofGate): void;
  /** Ends a request's queries with its time. Without it, they may take as long as any. */
  requests?: RequestScopes;
  /** Undefined where nobody scrapes them. */
  metrics?: { of: ServiceMetrics; subgraph: string } | undefined;
  /** Undefined: nothing is traced. Needs `requests`. */
  tracing?: Tracing | undefined;
  /** Closes what the subgraph opened: its database pool. */
  onStop?(): Promise<void>;
};

/**
 * Serves a schema at /graphql, for requests that a gateway signed. A refusal in `createContext` is the answer's HTTP status
 * too.
 */
export async function startSubgraphServer<C extends object>(
  options: SubgraphServerOptions<C>,
): Promise<RunningServer & { health: Health }> {
  const direct: DirectRoute = { path: '/graphql' };
  const server = createHttpServer({
    ...options,
    direct,
    bodyLimitBytes: subgraphBodyLimitBytes,
    headerLimitBytes: subgraphHeaderLimitBytes,
  });
  const readContext = createContextReader();
  const measured =
    options.metrics && createSubgraphMetrics(options.metrics.of, options.metrics.subgraph, readContext);
  measured?.watch(server.server);
  server.addHook('onClose', async () => options.onStop?.());
  options.addRoutes?.(server);
  // In a scope of their own: what is registered beside them stays open.
  await server.register(async (scope) => {
    direct.handler = await serveProven(scope, options, readContext, measured);
  });
  const url = await listen(server, options);
  return { url, health: server.health, stop: () => server.close() };
}

/** Serves what only gateways may ask. Returns the handler of the requests that take the direct route. */
async function serveProven<C extends object>(
  scope: FastifyInstance,
  options: SubgraphServerOptions<C>,
  readContext: ContextReader,
  measured: SubgraphMetrics | undefined,
): Promise<DirectHandler | undefined> {
  const { proof: check } = options;
  scope.addHook('onRequest', ({ method }, reply, done) => {
    if (method === 'POST') return done();
    reply.code(405).header('allow', 'POST').send(errorBody('This path takes POST.', 'BAD_REQUEST'));
  });
  const requestRunner =
    options.requests && createRequestRunner(options.requests, readContext, options.tracing);
  const gate = check && registerProofGate(scope, check, readContext);
  if (gate) options.addProvenRoutes?.(scope, gate);
  if (requestRunner) registerRequestRunner(scope, requestRunner);
  const spanHooks = options.tracing && options.requests && createSpanHooks(options.requests.findSpan);
  const answerFast = await mountSchema<C>(scope, {
    ...options,
    hooks: [
      ...(spanHooks ? [spanHooks] : []),
      ...(options.hooks ?? []),
      ...(measured ? [measured.hooks] : []),
    ],
    async createContext(request, reply) {
      const proof = gate?.proofOf(request);
      const context = await options.createContext({
        authorization: readAuthorization(request.raw),
        signetContext: readContext(request) ?? { requestId: request.id },
        cookie: request.headers.cookie,
        proof,
        setCookie: (line) => void reply.header('set-cookie', line),
      });
      const complete = proof ? withProof(context, proof) : context;
      measured?.begin(complete, request.raw);
      return complete;
    },
  });
  if (!answerFast) return undefined;
  return {
    // The checks are those of the hooks above, in their order. What fails one is refused there.
    open(request) {
      requestRunner?.begin(request);
      return true;
    },
    ...(gate && { check: gate.check }),
    async answer(request, reply) {
      const answer = () => answerFast(request, reply);
      return requestRunner ? requestRunner.run(request, reply, answer) : answer();
    },
  };
}
