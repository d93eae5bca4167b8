import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createLogger, type Logger } from '@signet/service';
import { createTestIssuer, createTestProofKeys } from '@signet/testing';
import { GraphQLError, type GraphQLSchema, graphql, parse } from 'graphql';
import { accessDirectives } from './access-directives.ts';
import { apolloOptions, startGuardedServer } from './apollo.ts';
import { type Guards, type GuardsOptions, openGuards } from './open-guards.ts';
import { yogaOptions } from './yoga.ts';

export const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
    import: ["@key", "@authenticated", "@requiresScopes", "@policy", "@composeDirective", "@tag"])
  type Query {
    open: String @public
    mine: String @authenticated
    desk: String @platform(is: PORTAL)
    deskLogin: String @public @tag(name: "portal")
    naked: String
    own: String @public
    broken: String @public
  }
  type Mutation { add(text: String!): String @requiresScopes(scopes: [["orders:write"]]) }
  type Review @key(fields: "id") @authenticated { id: ID! text: String @policy(policies: [["review.author"]]) }
`;

type Body = { query: string; variables?: Record<string, unknown>; operationName?: string };

/** What ran, in the order of running. */
export type Ran = string[];

export function buildReviews(ran: Ran, text = sdl): GraphQLSchema {
  const say = (name: string) => () => {
    ran.push(name);
    return name;
  };
  const resolvers = {
    Query: {
      open: say('open'),
      mine: say('mine'),
      desk: say('desk'),
      deskLogin: say('deskLogin'),
      naked: say('naked'),
      own() {
        throw new GraphQLError('No such review.', { extensions: { code: 'NO_REVIEW' } });
      },
      broken() {
        throw new Error('password=hunter2');
      },
    },
    Mutation: { add: (_parent: unknown, { text: added }: { text: string }) => say(`add ${added}`)() },
    Review: { __resolveReference: ({ id }: { id: string }) => ({ id, text: `text of ${id}` }) },
  };
  return buildSubgraphSchema([{ typeDefs: parse(accessDirectives + text), resolvers }]);
}

/** Its types name those of a browser, which would then be known everywhere in this repository. */
const { createYoga } = (await import('graphql-yoga' as string)) as {
  createYoga(options: object): RequestListener;
};

/** How a stranger serves a schema. */
export const frameworks = {
  async apollo(guards: Guards, schema: GraphQLSchema) {
    return startGuardedServer(new ApolloServer({ schema, ...apolloOptions(guards) }), guards, {
      listen: { port: 0 },
    });
  },
  async yoga(guards: Guards, schema: GraphQLSchema) {
    return serve(guards.listener(createYoga({ schema, logging: false, ...yogaOptions(guards) })));
  },
  /** No framework: whoever takes the parsed body and the context function. */
  async plain(guards: Guards, schema: GraphQLSchema) {
    return serve(
      guards.listener(async (req, res) => {
        const { query: source, variables, operationName } = (req as unknown as { body: Body }).body;
        const result = await graphql({
          schema,
          source,
          contextValue: guards.context({ req }),
          ...(variables && { variableValues: variables }),
          ...(operationName && { operationName }),
        });
        const errors = result.errors?.map((error) => guards.formatError(error.toJSON(), error));
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ data: result.data, ...(errors && { errors }) }));
      }),
    );
  },
} as const;

export type Framework = keyof typeof frameworks;

/** Serves by node:http on a free port. */
export async function serve(listener: RequestListener): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type GuardedService = Awaited<ReturnType<typeof startGuardedService>>;

/** A stranger's subgraph `reviews` with an issuer and the keys of a gateway. */
export async function startGuardedService(
  framework: Framework,
  {
    env = {},
    now,
    build = buildReviews,
    ...options
  }: Partial<Omit<GuardsOptions, 'env'>> & {
    env?: Record<string, string | undefined>;
    now?: () => number;
    build?: (ran: Ran) => GraphQLSchema;
  } = {},
) {
  const ran: Ran = [];
  const logged: { level: number; msg: string; [field: string]: unknown }[] = [];
  const issuer = await createTestIssuer();
  const keys = createTestProofKeys(['reviews', 'orders'], now);
  const guards = await openGuards({
    name: 'reviews',
    env: { ...issuer.environment, ...keys.environmentOf('reviews'), ...env },
    policies: {
      'review.author': ({ session }, parent) =>
        session.platform === 'user' && (parent as { id: string }).id === '1',
    },
    logger: collect(logged),
    ...options,
  });
  const server = await frameworks[framework](guards, guards.protect(build(ran)));
  const url = framework === 'apollo' ? `${server.url}graphql` : server.url;
  return {
    url,
    ran,
    logged,
    issuer,
    keys,
    guards,
    async stop() {
      await server.stop();
      await guards.stop();
      await issuer.close();
      keys.remove();
    },
  };
}

function collect(logged: object[]): Logger {
  const write = (line: Buffer, _encoding: unknown, done: () => void) => {
    logged.push(JSON.parse(String(line)));
    done();
  };
  return createLogger('reviews', 'info', new Writable({ write }));
}
