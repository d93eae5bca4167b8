import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  buildASTSchema,
  concatAST,
  execute,
  extendSchema,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  parse,
  subscribe,
} from 'graphql';
import { type GraphName, graphs } from './graphs.ts';
import { createValueResolver, missingIn } from './values.ts';

/** Subgraphs that run, and what they were asked for. */
export type RunningSubgraphs = {
  /** URL by name of the subgraph. */
  urls: Readonly<Record<string, string>>;
  /** Coordinates that were resolved since the last call, with the name of the subgraph. */
  takeFetched(): ReadonlySet<string>;
  close(): Promise<void>;
};

/** Builds the schema of a subgraph, and the context of a request with this header. */
export type BuildSubgraph = (
  sdl: string,
  fieldResolver: ReturnType<typeof createValueResolver>,
) => { schema: GraphQLSchema; contextOf?(authorization: string | undefined): unknown };

/**
 * Serves each subgraph of a graph at a port of its own on 127.0.0.1. They check no token and no rule: what is refused, the gateway
 * refused.
 *
 * @param firstPort The subgraphs get this port and the following ones; without it, free ports.
 * @param build For subgraphs that check rules, in place of those that check none.
 */
export async function serveSubgraphs(
  graph: GraphName,
  firstPort = 0,
  build: BuildSubgraph = (sdl) => ({ schema: buildSubgraph(sdl) }),
): Promise<RunningSubgraphs> {
  const fetched = new Set<string>();
  const started = await Promise.all(
    Object.entries(graphs[graph]).map(async ([name, sdl], index) => {
      const port = firstPort === 0 ? 0 : firstPort + index;
      const server = await serveSubgraph(sdl, port, build, (coordinate) => fetched.add(coordinate));
      return [name, server] as const;
    }),
  );
  const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return {
    urls: Object.fromEntries(started.map(([name, server]) => [name, urlOf(server)])),
    takeFetched() {
      const taken = new Set(fetched);
      fetched.clear();
      return taken;
    },
    async close() {
      for (const [, server] of started) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

async function serveSubgraph(
  sdl: string,
  port: number,
  build: BuildSubgraph,
  count: (coordinate: string) => void,
): Promise<Server> {
  const fieldResolver = createValueResolver((coordinate, source) => {
    count(coordinate);
    const missing = missingIn(coordinate, source);
    if (missing.length > 0) throw new Error(`${coordinate} was asked for without ${missing.join(' and ')}`);
  });
  const built = build(sdl, fieldResolver);
  const server = createServer((req, res) => {
    void answer(req, res, { ...built, sdl, fieldResolver });
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return server;
}

type Served = ReturnType<BuildSubgraph> & {
  sdl: string;
  fieldResolver: ReturnType<typeof createValueResolver>;
};

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  { schema, sdl, fieldResolver, contextOf }: Served,
) {
  const request = await readRequest(req);
  if (request === undefined) {
    res.writeHead(400, { 'content-type': 'application/json' }).end('{"errors":[{"message":"no operation"}]}');
    return;
  }
  const { document, variables, operationName } = request;
  const contextValue = contextOf?.(req.headers.authorization);
  const order = { schema, document, contextValue, variableValues: variables, operationName };
  const resolve = withFederationFields(fieldResolver, sdl);
  if (getOperationAST(document, operationName)?.operation !== 'subscription') {
    const result = await execute({ ...order, fieldResolver: resolve });
    const body = JSON.stringify(result);
    res.writeHead(200, { 'content-type': 'application/json' }).end(body);
    return;
  }
  const events = await subscribe({
    ...order,
    fieldResolver: resolve,
    // One event of each subscription, a moment after it began.
    subscribeFieldResolver: async function* () {
      await new Promise((done) => setTimeout(done, 20));
      yield {};
    },
  });
  // As graphql-sse names it: the distinct connections mode.
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for await (const event of Symbol.asyncIterator in events ? events : [events]) {
    res.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
  }
  res.end('event: complete\ndata:\n\n');
}

/** The operation of a request by POST or GET. Undefined where it holds none. */
async function readRequest(req: IncomingMessage) {
  try {
    const { searchParams } = new URL(req.url ?? '/', 'http://subgraph');
    const body =
      req.method === 'GET'
        ? { query: searchParams.get('query'), variables: JSON.parse(searchParams.get('variables') ?? '{}') }
        : JSON.parse(await text(req));
    return { document: parse(body.query), variables: body.variables, operationName: body.operationName };
  } catch {
    return undefined;
  }
}

/** `_service` and `_entities` are the subgraph specification's; every other field has a value made for it. */
function withFederationFields(fieldResolver: Served['fieldResolver'], sdl: string): Served['fieldResolver'] {
  return (source, args, context, info) => {
    if (info.fieldName === '_entities') return args.representations;
    if (info.fieldName === '_service') return {};
    if (info.parentType.name === '_Service') return sdl;
    return fieldResolver(source, args, context, info);
  };
}

/** The schema of a subgraph with what the subgraph specification adds to it. */
function buildSubgraph(sdl: string): GraphQLSchema {
  const document = parse(sdl);
  const entities = document.definitions
    .filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION)
    .filter(({ directives }) => directives?.some(({ name }) => name.value === 'key'))
    .map(({ name }) => name.value);
  const added = `
    scalar _Any
    type _Service { sdl: String }
    extend type Query { _service: _Service ${entities.length > 0 ? '_entities(representations: [_Any!]!): [_Entity]!' : ''} }
    ${entities.length > 0 ? `union _Entity = ${entities.join(' | ')}` : ''}`;
  const types = document.definitions.filter((node) => node.kind !== Kind.SCHEMA_EXTENSION);
  const hasQuery = types.some((node) => 'name' in node && node.name?.value === 'Query');
  const base = concatAST([
    { kind: Kind.DOCUMENT, definitions: types },
    parse(hasQuery ? 'scalar _Unused' : 'type Query { _empty: String }'),
  ]);
  const trusted = { assumeValidSDL: true, assumeValid: true };
  return extendSchema(buildASTSchema(base, trusted), parse(added), trusted);
}
