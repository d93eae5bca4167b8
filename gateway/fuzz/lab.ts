import { Supergraph } from '@apollo/federation-internals';
import { composeServices } from '@theguild/federation-composition';
import { type ExecutionResult, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { findDifference, findViolation } from './compare.ts';
import { createFaults, type FaultPlan } from './faults.ts';
import { createMemorySubgraphs, type MemorySubgraphs, type SubgraphRun } from './memory-subgraphs.ts';
import type { Runner, SubgraphRequest } from './runner.ts';
import { findTruth, type Truth } from './truth.ts';
import type { World } from './world.ts';
import { createWorldData, type WorldData } from './world-data.ts';
import { writeSubgraphSdl } from './world-sdl.ts';

/** A world that composes, with its gateway. */
export type Lab = {
  world: World;
  supergraphSdl: string;
  schema: GraphQLSchema;
  data: WorldData;
  memory: MemorySubgraphs;
  runner: ReturnType<Runner>;
};

/** One operation, and what goes wrong while it runs. */
export type Case = {
  source: string;
  variables: Record<string, unknown>;
  operationName?: string;
  faults: FaultPlan;
};

export type Finding = { difference: string; truth: Truth; answer: ExecutionResult };

/** Composes a world and starts its gateway. Undefined for a world that does not compose. */
export function openLab(world: World, runner: Runner): Lab | undefined {
  const services = world.subgraphs
    .map((name) => ({ name, sdl: writeSubgraphSdl(world, name) }))
    .filter(({ sdl }) => sdl.includes('type '));
  const inUse = { ...world, subgraphs: services.map(({ name }) => name) };
  try {
    const { supergraphSdl } = composeServices(
      services.map(({ name, sdl }) => ({ name, url: `http://${name}.invalid`, typeDefs: parse(sdl) })),
    );
    if (!supergraphSdl) return undefined;
    const data = createWorldData(inUse);
    const memory = createMemorySubgraphs(inUse, data);
    const schema = Supergraph.build(supergraphSdl, { validateSupergraph: false })
      .apiSchema()
      .toGraphQLJSSchema();
    return {
      world: inUse,
      supergraphSdl,
      schema,
      data,
      memory,
      runner: runner(supergraphSdl, memory.subgraphs),
    };
  } catch {
    // A world of the shrinker may lack what a field set names.
    return undefined;
  }
}

export function isValid(lab: Lab, source: string): boolean {
  try {
    return validate(lab.schema, parse(source)).length === 0;
  } catch {
    return false;
  }
}

/** Runs a valid operation through the gateway and holds the answer against the truth. Undefined where it is right. */
export async function tryCase(lab: Lab, tried: Case): Promise<Finding | undefined> {
  const { source, variables, operationName, faults: plan } = tried;
  const { world, data, schema, memory, runner } = lab;
  const operation = {
    document: parse(source),
    variables,
    ...(operationName !== undefined && { operationName }),
  };
  const isExact = plan.kind !== 'answers';
  const inTruth = createFaults(world, isExact ? plan : { ...plan, kind: 'none' });
  inTruth.tellsCallsApart = isExact;
  const truth = await findTruth(schema, world, data, operation, inTruth);
  const run: SubgraphRun = { faults: createFaults(world, plan), mutations: [], fetches: 0 };
  memory.use(run);
  const answer = await answerOf(runner, {
    query: source,
    variables,
    ...(operationName !== undefined && { operationName }),
  });
  const findInexact = (found: string | undefined) =>
    found !== undefined && plan.kind === 'fields' && losesWithOthers(world)
      ? findViolation(schema, operation, truth, answer, { openly: true, silently: false })
      : found;
  const difference = isRefusedEarly(tried, truth, answer)
    ? run.fetches > 0
      ? 'refused after fetches were sent'
      : undefined
    : isExact
      ? await findInexact(findDifference(truth, answer) ?? findOtherOrder(truth, run))
      : await findViolation(schema, operation, truth, answer, run.faults.spoilt);
  return difference === undefined ? undefined : { difference, truth, answer };
}

/**
 * Whether a field that fails may take others with it which have nothing to do with it in the truth (docs/decisions/0036-planner-faults.md).
 * Then each of them must have an error.
 *
 * - A subgraph that knows an interface as an object (@interfaceObject) is asked for fields of all its types, also of those that this
 *   object is not of.
 * - A field requires others (@requires), which fail themselves or are lost with what the client asks of the same object. The subgraphs here
 *   compute nothing from a wrong value.
 */
function losesWithOthers({ types }: World): boolean {
  const requires = types.flatMap(({ fields }) => fields).flatMap((field) => Object.values(field.in));
  return types.some(({ objectIn }) => objectIn) || requires.some((placed) => placed.requires);
}

async function answerOf(runner: Lab['runner'], request: SubgraphRequest): Promise<ExecutionResult> {
  try {
    return JSON.parse(JSON.stringify(await runner.run(request)));
  } catch (error) {
    return {
      errors: [new GraphQLError((error as Error).stack ?? String(error))],
      extensions: { isThrown: true },
    };
  }
}

/** Whether the gateway threw instead of answering. */
export function isThrown({ extensions }: ExecutionResult): boolean {
  return extensions?.isThrown === true;
}

/**
 * Null for a variable at a place that takes none, although it has a default: graphql-js finds it at the field (spec 6.4.1), and a
 * gateway refuses the operation before anything is sent.
 */
function isRefusedEarly({ variables }: Case, { result }: Truth, answer: ExecutionResult): boolean {
  return (
    result.data !== undefined &&
    answer.data === undefined &&
    !isThrown(answer) &&
    Object.values(variables).includes(null) &&
    answer.errors?.every(({ message }) => /^Variable .* must not be null/.test(message)) === true
  );
}

function findOtherOrder(truth: Truth, run: SubgraphRun): string | undefined {
  if (truth.result.errors || run.faults.kind !== 'none') return undefined;
  return truth.mutations.join('\n') === run.mutations.join('\n')
    ? undefined
    : 'mutations ran in another order';
}
