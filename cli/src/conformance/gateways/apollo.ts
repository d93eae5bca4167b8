import { type GatewayAdapter, notOfOthers } from './gateway.ts';
import { formatImports, installPeer, writePeerScript } from './peers.ts';

// As the documentation of @apollo/gateway starts it, with a token verified by jose in the context.
const script = `
import { readFileSync } from 'node:fs';
${formatImports({
  '@apollo/gateway': '{ ApolloGateway }',
  '@apollo/server': '{ ApolloServer }',
  '@apollo/server/standalone': '{ startStandaloneServer }',
  jose: '{ createRemoteJWKSet, jwtVerify }',
})}

const { PORT, SUPERGRAPH, JWKS_URL, ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(JWKS_URL));
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(SUPERGRAPH, 'utf8') });
await startStandaloneServer(new ApolloServer({ gateway }), {
  listen: { port: Number(PORT), host: '127.0.0.1' },
  context: async ({ req }) => {
    const token = req.headers.authorization?.replace(/^Bearer /, '');
    return { claims: token && (await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE })).payload };
  },
});
`;

/** @apollo/gateway, which has no access directives: its documentation says so, and it does not start with them. */
export function createApolloAdapter(options: {
  folder?: string | undefined;
  say(line: string): void;
}): GatewayAdapter {
  const packages = {
    '@apollo/gateway': '2.14.4',
    '@apollo/server': '5.5.1',
    graphql: '16.12.0',
    jose: '6.2.17',
  };
  const { folder, version } = installPeer({ name: 'apollo', packages }, options);
  return {
    title: `@apollo/gateway ${version}`,
    lacks: { '@recentAuth': notOfOthers, '@callers': notOfOthers },
    process: ({ port, supergraphFile, issuer }) => ({
      command: process.execPath,
      args: [writePeerScript(folder, 'conformance-apollo.mjs', script)],
      cwd: folder,
      path: '/',
      env: {
        PORT: String(port),
        SUPERGRAPH: supergraphFile,
        JWKS_URL: issuer.jwksUrl,
        ISSUER: issuer.issuer,
        AUDIENCE: issuer.audience,
        APOLLO_TELEMETRY_DISABLED: 'true',
      },
    }),
  };
}
