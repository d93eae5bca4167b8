// @apollo/gateway as its documentation starts it, with a verified token in the context.
import { readFileSync } from 'node:fs';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { verifyToken } from './tokens.mjs';

const { PORT, SUPERGRAPH, FORWARD_TOKEN } = process.env;

class ForwardingSource extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    if (context.authorization) request.http.headers.set('authorization', context.authorization);
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(SUPERGRAPH, 'utf8'),
  ...(FORWARD_TOKEN && { buildService: ({ url }) => new ForwardingSource({ url }) }),
});
const server = new ApolloServer({ gateway });
await startStandaloneServer(server, {
  listen: { port: Number(PORT), host: '127.0.0.1' },
  context: async ({ req }) => {
    const { authorization } = req.headers;
    return { claims: await verifyToken(authorization), authorization };
  },
});
