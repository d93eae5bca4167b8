// Mercurius, with its just-in-time compiler on. It knows Federation 1 only, and composes the subgraphs itself when it starts.
import mercuriusGateway from '@mercuriusjs/gateway';
import Fastify from 'fastify';
import { verifyToken } from './tokens.mjs';

const { PORT, SUBGRAPHS } = process.env;

const app = Fastify();
app.addHook('onRequest', async ({ headers }) => void (await verifyToken(headers.authorization)));
await app.register(mercuriusGateway, {
  jit: 1,
  gateway: { services: Object.entries(JSON.parse(SUBGRAPHS)).map(([name, url]) => ({ name, url })) },
});
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
