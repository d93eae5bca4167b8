import { buildSubgraphSchema } from '@apollo/subgraph';
import { guardSchema, readRuleBook, sessionOf, withDefaultAccess } from '@signet/access';
import { type GraphQLSchema, isIntrospectionType, isObjectType, parse } from 'graphql';
import type { GraphName } from './graph/graphs.ts';
import { type BuildSubgraph, serveSubgraphs } from './graph/subgraph-servers.ts';

/** The subgraphs of a graph, guarded by the rules in their SDL as Signet's are. What is refused behind a gateway without rules, they refused. */
export function serveGuardedSubgraphs(graph: GraphName) {
  return serveSubgraphs(graph, 0, buildGuardedSubgraph);
}

const buildGuardedSubgraph: BuildSubgraph = (sdl, fieldResolver) => {
  const typeDefs = parse(sdl);
  const book = withDefaultAccess(readRuleBook(typeDefs), 'public');
  const references = [...book].filter(([, { isEntity }]) => isEntity);
  const resolvers = Object.fromEntries(
    references.map(([name]) => [name, { __resolveReference: (reference: unknown) => reference }]),
  );
  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  for (const field of fieldsOf(schema)) {
    field.resolve ??= fieldResolver as typeof field.resolve;
  }
  return {
    schema: guardSchema(schema, book, {}),
    contextOf: (authorization) => ({ session: readSession(authorization) }),
  };
};

function fieldsOf(schema: GraphQLSchema) {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !isIntrospectionType(type) && !type.name.startsWith('_'))
    .flatMap((type) => ('getFields' in type ? Object.values(type.getFields()) : []))
    .filter((field) => 'resolve' in field);
}

/** What the token says. It is not verified: the gateway of the run did that, and the guards are what is tried. */
function readSession(authorization: string | undefined) {
  const payload = authorization?.split('.')[1];
  if (payload === undefined) return sessionOf('anonymous');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const authTime = typeof claims.auth_time === 'number' ? claims.auth_time : undefined;
  return { ...sessionOf('user'), scopes: new Set<string>(claims.scope.split(' ')), authTime };
}
