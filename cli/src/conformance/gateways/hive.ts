import { join } from 'node:path';
import { type GatewayAdapter, notOfOthers } from './gateway.ts';
import { formatImports, installPeer, writePeerScript } from './peers.ts';

// By https://the-guild.dev/graphql/hive/docs/gateway/authorization-authentication: JWT, and the directives by `genericAuth` in the
// mode protect-granular. A request without a token goes on without a user; one with a bad token is refused.
const config = `
${formatImports({
  '@graphql-hive/gateway': '{ createRemoteJwksSigningKeyProvider, defineConfig, extractFromHeader }',
})}

const { PORT, SUPERGRAPH, JWKS_URL, ISSUER, AUDIENCE } = process.env;

export const gatewayConfig = defineConfig({
  supergraph: SUPERGRAPH,
  host: '127.0.0.1',
  port: Number(PORT),
  fork: 1,
  logging: 'error',
  jwt: {
    signingKeyProviders: [createRemoteJwksSigningKeyProvider({ jwksUri: JWKS_URL })],
    tokenLookupLocations: [extractFromHeader({ name: 'authorization', prefix: 'Bearer' })],
    tokenVerification: { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256'] },
    reject: { missingToken: false, invalidToken: true },
  },
  genericAuth: {
    mode: 'protect-granular',
    resolveUserFn: (context) => context.jwt?.payload,
    extractPolicies: (user) => user?.policies ?? [],
  },
});
`;

/** Hive Gateway with its own planner. */
export function createHiveAdapter(options: {
  folder?: string | undefined;
  say(line: string): void;
}): GatewayAdapter {
  const { folder, version } = installPeer(
    {
      name: 'hive',
      packages: { '@graphql-hive/gateway': '2.15.1', graphql: '16.12.0' },
      // Without it, npm finds versions of two of its parts that do not fit.
      overrides: { '@graphql-tools/batch-execute': '10.2.0' },
    },
    options,
  );
  return {
    title: `Hive Gateway ${version}`,
    lacks: {
      '@recentAuth': notOfOthers,
      '@callers': notOfOthers,
      'persisted operations': 'needs the plugin @graphql-yoga/plugin-apq, which is not part of the gateway',
    },
    process: ({ port, supergraphFile, issuer }) => ({
      command: process.execPath,
      args: [
        join(folder, 'node_modules/@graphql-hive/gateway/dist/bin.js'),
        '--config-path',
        writePeerScript(folder, 'conformance-hive.config.mjs', config),
        'supergraph',
      ],
      cwd: folder,
      path: '/graphql',
      env: {
        PORT: String(port),
        SUPERGRAPH: supergraphFile,
        JWKS_URL: issuer.jwksUrl,
        ISSUER: issuer.issuer,
        AUDIENCE: issuer.audience,
      },
    }),
  };
}
