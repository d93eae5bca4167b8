import { buildSubgraphSchema } from '@apollo/subgraph';
import type { Session } from '@signet/session';
import { type ExecutionResult, type GraphQLSchema, graphql, parse } from 'graphql';
import { guardSchema } from './guard-schema.ts';
import type { GuardContext, PolicyTable } from './policies.ts';
import { readRuleBook } from './rule-book.ts';

type Resolvers = NonNullable<
  Extract<Parameters<typeof buildSubgraphSchema>[0], { typeDefs: unknown }>['resolvers']
>;

export type Context = GuardContext & { calls: string[] };
export type GuardedSubgraph = {
  sdl: string;
  resolvers?: unknown;
  policies?: PolicyTable<Context>;
  before?(schema: GraphQLSchema): GraphQLSchema;
  after?(schema: GraphQLSchema): GraphQLSchema;
};

const header = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
    import: ["@key", "@authenticated", "@requiresScopes", "@policy"])
  directive @public on OBJECT | FIELD_DEFINITION
  directive @callers(are: [access__Caller!]!) repeatable on OBJECT | FIELD_DEFINITION
  directive @recentAuth(seconds: Int!) repeatable on OBJECT | FIELD_DEFINITION
  directive @platform(is: access__Platform!) on OBJECT | FIELD_DEFINITION
  enum access__Platform { USER PORTAL }
  enum access__Caller { PERSON SERVICE IMPERSONATED }`;

/** Builds a subgraph as processes do: schema, then guards. `before` and `after` transform it in between. */
export function buildGuarded({
  sdl,
  resolvers = {},
  policies = {},
  before = (schema) => schema,
  after = (schema) => schema,
}: GuardedSubgraph): GraphQLSchema {
  const typeDefs = parse(header + sdl);
  const schema = before(buildSubgraphSchema([{ typeDefs, resolvers: resolvers as Resolvers }]));
  return after(guardSchema<Context>(schema, readRuleBook(typeDefs), policies));
}

export type Answer = { data: ExecutionResult['data']; refused: Record<string, string>; calls: string[] };

/** Asks once, in a context of its own. `refused`: the reason (else the text) of each error by its path. */
export async function ask(
  schema: GraphQLSchema,
  session: Session,
  source: string,
  variableValues: Record<string, unknown> = {},
): Promise<Answer> {
  const contextValue: Context = { session, calls: [] };
  const { data, errors = [] } = await graphql({ schema, source, contextValue, variableValues });
  const refused = errors.map(({ path = [], extensions, message }) => [
    path.join('.'),
    String(extensions.reason ?? message),
  ]);
  // Objects of a null prototype compare as others do after this.
  return {
    data: JSON.parse(JSON.stringify(data ?? null)),
    refused: Object.fromEntries(refused),
    calls: contextValue.calls,
  };
}

/** `_entities` with these representations. */
export function refer(
  schema: GraphQLSchema,
  session: Session,
  selection: string,
  representations: readonly unknown[],
): Promise<Answer> {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`;
  return ask(schema, session, query, { representations });
}
