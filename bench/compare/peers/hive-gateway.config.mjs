// Hive Gateway, with its own planner or the Rust one. Its JWT plugin does not know EdDSA, so that the token is verified by jose.
import { defineConfig } from '@graphql-hive/gateway';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { verifyToken } from './tokens.mjs';

const { PORT, SUPERGRAPH, RUST_PLANNER } = process.env;

const tokens = {
  async onRequest({ request, url }) {
    if (url.pathname === '/graphql') await verifyToken(request.headers.get('authorization') ?? '');
  },
};

export const gatewayConfig = defineConfig({
  supergraph: SUPERGRAPH,
  host: '127.0.0.1',
  port: Number(PORT),
  fork: 1,
  logging: 'error',
  plugins: () => [tokens],
  ...(RUST_PLANNER && { unifiedGraphHandler }),
});
