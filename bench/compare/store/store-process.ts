// The subgraphs of the comparison in one process, each at a port of its own. Writes their ports as JSON; ends with its parent's pipe.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { storeResolvers } from './store-resolvers.ts';
import { type StoreSubgraph, storeSchema, storeSubgraphs } from './store-schema.ts';

/**
 * Answers are kept by the text of the request, since the data never change: what is compared is what stands before these subgraphs. A
 * gateway that sends fewer fetches still has less to wait for.
 */
async function startSubgraph(name: StoreSubgraph): Promise<number> {
  const schema = buildSubgraphSchema([
    { typeDefs: parse(storeSchema[name]), resolvers: storeResolvers[name] as never },
  ]);
  const service = schema.getQueryType()?.getFields()._service;
  // As it was written: Mercurius needs the `extend` that the library leaves out.
  if (service) service.resolve = () => ({ sdl: storeSchema[name] });
  const answers = new Map<string, Buffer>();
  const answer = async (text: string) => {
    const { query, variables, operationName } = JSON.parse(text);
    const result = await graphql({ schema, source: query, variableValues: variables, operationName });
    const bytes = Buffer.from(JSON.stringify(result));
    answers.set(text, bytes);
    return bytes;
  };
  const server = createServer(async (req, res) => {
    const text = (await buffer(req)).toString();
    const bytes = answers.get(text) ?? (await answer(text));
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const ports = await Promise.all(storeSubgraphs.map(async (name) => [name, await startSubgraph(name)]));
console.log(JSON.stringify(Object.fromEntries(ports)));
process.stdin.resume().once('end', () => process.exit());
