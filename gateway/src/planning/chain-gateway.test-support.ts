import { createHttpServer, createLogger, formatSignetContext, listen, mountGraphql } from '@signet/service';
import type { GatewayContext } from '../entrance/request-context.ts';
import { createExecutor } from '../execute/executor.ts';
import { prefixFor } from '../execute/response-names.ts';
import { createSignetGateway } from '../execute/signet-gateway.ts';
import { createEntrancePlanning } from './entrance-planning.ts';
import { composeChain } from './planner-bomb.test-support.ts';
import { openPlanningPool } from './planning-pool.ts';

/** Who asks is in `x-address`: each address takes its own turn. */
export const addressHeader = 'x-address';

/** An entrance on the chain of planner-bomb.test-support.ts: planned and executed as at the others, by a subgraph of null. */
export async function startChainGateway({ deadlineMs = 2000 } = {}) {
  const logger = createLogger('chain', 'silent');
  const supergraphSdl = composeChain();
  const pool = openPlanningPool({ logger, deadlineMs });
  const server = createHttpServer({ logger, allowedHosts: [] });
  const executor = createExecutor<GatewayContext>({
    supergraphSdl,
    send: async () => ({ data: {} }),
    formatError: (error) => error,
  });
  const planning = createEntrancePlanning({
    markOf: (hash) => hash,
    pool,
    schema: { name: 'chain', supergraphSdl, renames: true },
    compile: (plan, asked) => executor.compile({ ...asked, plan, prefix: prefixFor(supergraphSdl) }),
    hideSchemaDetails: false,
    logger,
  });
  await mountGraphql<GatewayContext>({
    server,
    logger,
    path: '/graphql',
    introspection: true,
    ...planning.endpoint,
    source: {
      gateway: createSignetGateway({ supergraphSdl, executor, planning }),
    },
    plugins: [planning.plugin],
    context: async ({ id, headers }) => {
      const clientAddress = String(headers[addressHeader] ?? '192.0.2.1');
      return {
        requestId: id,
        telemetry: undefined,
        session: { platform: 'none' },
        authorization: undefined,
        signetContext: formatSignetContext({ requestId: id, entrance: 'graph', clientAddress }),
        clientAddress,
        cookies: undefined,
        deadline: performance.now() + 30_000,
        clientGone: new AbortController().signal,
      };
    },
  });
  const url = await listen(server, { host: '127.0.0.1', port: 0, portVariable: 'PORT' });
  await pool.ready();
  return {
    url: `${url}/graphql`,
    async stop() {
      await server.close();
      await pool.stop();
    },
  };
}
