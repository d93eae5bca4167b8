import { buildSubgraphSchema } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import {
  execute,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import { createPlanner } from '../planning/planner.ts';
import { createExecutor, type ExecutorOptions, type FetchResult, type OutgoingFetch } from './executor.ts';
import { prefixFor } from './response-names.ts';

/** As graphql-tools and Apollo Server take them. */
type Resolvers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type TestSubgraph = {
  name: string;
  sdl: string;
  resolvers?: Resolvers;
};

export type Asked = { query: string; variables?: Record<string, unknown>; operationName?: string };
type Sent = {
  subgraph: string;
  group: string | undefined;
  query: string;
  variables: Record<string, unknown>;
};
type Answering = (
  fetch: OutgoingFetch,
  answer: () => Promise<FetchResult>,
) => Promise<FetchResult> | FetchResult;

type Modules = Parameters<typeof buildSubgraphSchema>[0];

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [
  "@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@interfaceObject"])\n`;

export type FederationOptions = Partial<
  Pick<ExecutorOptions<undefined>, 'groupOf' | 'unmerged' | 'describeOutage' | 'maxAnswerBytes'>
> & {
  /** Stands between the executor and the subgraphs. */
  answering?: Answering;
};

/** Composes subgraphs in this process, and runs operations on them through the planner and the executor. */
export function createFederation(subgraphs: readonly TestSubgraph[], options: FederationOptions = {}) {
  const services = subgraphs.map(({ name, sdl }) => ({
    name,
    url: `http://${name}`,
    typeDefs: parse(link + sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const schemas = new Map<string, GraphQLSchema>(
    subgraphs.map(({ name, sdl, resolvers = {} }) => [
      name,
      buildSubgraphSchema([{ typeDefs: parse(link + sdl), resolvers }] as Modules),
    ]),
  );
  const sent: Sent[] = [];
  const faults: string[] = [];
  const { answering = (_, answer) => answer() } = options;
  const executor = createExecutor<undefined>({
    ...options,
    supergraphSdl,
    formatError: (formatted) => formatted,
    onFault: ({ message }) => void faults.push(message),
    async send(fetch) {
      const { query, variables } = JSON.parse(fetch.body) as Pick<Sent, 'query' | 'variables'>;
      sent.push({ subgraph: fetch.subgraph, group: fetch.group, query, variables });
      return answering(fetch, async () => {
        const schema = schemas.get(fetch.subgraph) as GraphQLSchema;
        const document = parse(query);
        const invalid = validate(schema, document);
        if (invalid.length > 0) throw new Error(`${query}: ${invalid.join('\n')}`);
        const result = await execute({ schema, document, variableValues: variables, contextValue: {} });
        // As text and back, as over HTTP: execute makes objects without a prototype.
        return JSON.parse(JSON.stringify({ data: null, ...result })) as FetchResult;
      });
    },
  });
  const plan = createPlanner({ supergraphSdl, renames: true });

  const compile = ({ query, operationName }: Asked) => {
    const result = plan({ source: query, operationName });
    if (result.kind !== 'planned') throw new Error(JSON.stringify(result));
    const document = parse(query);
    const operation = getOperationAST(document, operationName);
    if (!operation) throw new Error('no operation');
    const planned = { document, operation, plan: JSON.parse(result.plan), prefix: prefixFor(supergraphSdl) };
    return executor.compile(planned);
  };
  return {
    supergraphSdl,
    apiSchema: executor.apiSchema,
    /** What was sent to the subgraphs since this was last read. */
    takeSent: () => sent.splice(0),
    takeFaults: () => faults.splice(0),
    compile,
    /** Runs an operation both ways, and expects equal answers. */
    async run(asked: Asked): Promise<{ data?: unknown; errors?: GraphQLFormattedError[] }> {
      const operation = compile(asked);
      const { variables = {} } = asked;
      const { coerced, errors: refused } = operation.coerce(variables);
      if (!coerced) return { errors: refused.map((error) => error.toJSON()) };
      const { text } = await operation.run({ variables, coerced, context: undefined });
      return JSON.parse(text);
    },
  };
}
