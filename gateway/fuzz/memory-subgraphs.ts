import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import type { Faults } from './faults.ts';
import type { SubgraphRequest } from './runner.ts';
import { visible } from './truth.ts';
import { findField, findType, isOwnedBy, namedTypeOf, type TypeModel, type World } from './world.ts';
import {
  isA,
  mapObjects,
  mutationRoot,
  type ObjectValue,
  parseFieldSet,
  queryRoot,
  type WorldData,
} from './world-data.ts';
import { writeSubgraphSdl } from './world-sdl.ts';

/** What the subgraphs of one run have in common. */
export type SubgraphRun = {
  faults: Faults;
  /** Mutations in the order in which they ran. */
  mutations: string[];
  fetches: number;
};

/** An object as the resolvers of one subgraph see it. */
type Source = {
  __typename: string;
  object: ObjectValue;
  /** What @provides promised for this place. */
  provided?: SelectionSetNode | undefined;
  representation?: Readonly<Record<string, unknown>>;
};

export type MemorySubgraphs = {
  subgraphs: Map<string, (request: SubgraphRequest) => Promise<ExecutionResult>>;
  /** Has the next fetches belong to this run. */
  use(run: SubgraphRun): void;
};

/**
 * The subgraphs of a world, in memory. They are strict: a fetch must be a valid document, a representation must hold a key
 * and no more than its type knows, fields of @requires must come with their true values, and an external field is
 * resolved only where @provides promised it. Anything else is an error, which the truth doesn't have.
 */
export function createMemorySubgraphs(world: World, data: WorldData): MemorySubgraphs {
  let run: SubgraphRun | undefined;
  const subgraphs = new Map(
    world.subgraphs.map((name) => {
      const answer = createSubgraph(world, data, name, () => {
        if (!run) throw new Error('No run has begun.');
        return run;
      });
      return [name, answer] as const;
    }),
  );
  return {
    subgraphs,
    use(next) {
      run = next;
    },
  };
}

function createSubgraph(world: World, data: WorldData, name: string, getRun: () => SubgraphRun) {
  const sdl = writeSubgraphSdl(world, name);
  const typeDefs = parse(sdl);
  const resolvers = Object.fromEntries(
    world.types
      .filter((type) => type.in.includes(name) && type.keys[name])
      .map((type) => [type.name, writeReferenceResolvers(world, data, type, name)]),
  );
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]);
  const fieldResolver = createFieldResolver(world, data, name, getRun);
  const documents = new Map<string, DocumentNode | readonly Error[]>();
  return async ({ query, variables, operationName }: SubgraphRequest): Promise<ExecutionResult> => {
    const run = getRun();
    run.fetches += 1;
    run.faults.beforeFetch(name);
    const document = documents.get(query) ?? readDocument(schema, query);
    documents.set(query, document);
    const result = Array.isArray(document)
      ? { errors: document }
      : await execute({
          schema,
          document: document as DocumentNode,
          variableValues: variables as Record<string, unknown>,
          operationName,
          fieldResolver,
        });
    // As it arrives over HTTP.
    return run.faults.tamper(name, JSON.parse(JSON.stringify(result)));
  };
}

function readDocument(schema: GraphQLSchema, query: string): DocumentNode | readonly Error[] {
  try {
    const document = parse(query, { noLocation: true });
    const errors = validate(schema, document);
    return errors.length > 0 ? errors : document;
  } catch (error) {
    return [error as Error];
  }
}

function createFieldResolver(
  world: World,
  data: WorldData,
  subgraph: string,
  getRun: () => SubgraphRun,
): GraphQLFieldResolver<Source | undefined, unknown> {
  return (source, args, _, { parentType, fieldName }) => {
    const isMutation = parentType.name === 'Mutation';
    const object = source?.object ?? (isMutation ? mutationRoot : queryRoot);
    const coordinate = `${object.typename}.${fieldName}`;
    const field = findField(world, object.typename, fieldName);
    const placement = field?.in[subgraph];
    if (!field || !placement)
      throw new Error(`${subgraph} was asked for ${coordinate}, which it doesn't resolve`);
    const promised = findPromise(world, object.typename, source?.provided, fieldName);
    if (!isOwnedBy(field, subgraph) && !promised) {
      throw new Error(`${subgraph} was asked for ${coordinate}, which belongs to others`);
    }
    if (placement.requires) {
      assertRequired(world, data, source, object, parseFieldSet(placement.requires), coordinate);
    }
    const { faults, mutations } = getRun();
    if (isMutation) mutations.push(`${fieldName} ${JSON.stringify(visible(field.args, args))}`);
    const value = faults.resolve(object, field, () =>
      data.valueOf(
        object,
        fieldName,
        args,
        isMutation && faults.tellsCallsApart ? `#${mutations.length}` : '',
      ),
    );
    if (!isComposite(world, namedTypeOf(field.type))) return value;
    const own = placement.provides ? parseFieldSet(placement.provides) : undefined;
    return mapObjects(value, (inner) => ({
      __typename: nameIn(world, inner.typename, subgraph),
      object: inner,
      provided: own ?? promised?.selectionSet,
    }));
  };
}

function findPromise(
  world: World,
  typename: string,
  provided: SelectionSetNode | undefined,
  fieldName: string,
): { selectionSet?: SelectionSetNode | undefined } | undefined {
  for (const selection of provided?.selections ?? []) {
    if (selection.kind === Kind.FIELD && selection.name.value === fieldName) return selection;
    if (selection.kind !== Kind.INLINE_FRAGMENT) continue;
    const condition = selection.typeCondition?.name.value;
    const found =
      !condition || condition === typename || findType(world, typename)?.implements.includes(condition)
        ? findPromise(world, typename, selection.selectionSet, fieldName)
        : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The type of an object in a subgraph: an interface where it is one with @interfaceObject. */
function nameIn(world: World, typename: string, subgraph: string): string {
  const type = findType(world, typename);
  const asInterface = type?.implements.find((name) => findType(world, name)?.objectIn?.includes(subgraph));
  return asInterface && !type?.in.includes(subgraph) ? asInterface : typename;
}

function isComposite(world: World, name: string): boolean {
  return findType(world, name) !== undefined || world.unions.some((union) => union.name === name);
}

function writeReferenceResolvers(world: World, data: WorldData, type: TypeModel, subgraph: string) {
  const keys = (type.keys[subgraph] ?? []).map(parseFieldSet);
  const known = new Set([
    '__typename',
    ...keys.flatMap(fieldNamesOf),
    ...type.fields.filter((field) => field.in[subgraph]?.external).map((field) => field.name),
  ]);
  return {
    // A promise that is rejected fails one entity, where a throw would fail all of them.
    async __resolveReference(representation: Readonly<Record<string, unknown>>): Promise<Source> {
      const unknown = Object.keys(representation).find((name) => !known.has(name));
      if (unknown) throw new Error(`${subgraph} got ${type.name}.${unknown} in a representation`);
      const key = keys.find((selections) =>
        fieldNamesOf(selections).every((name) => representation[name] !== undefined),
      );
      if (!key) throw new Error(`${subgraph} got a representation of ${type.name} without a key`);
      const sent = JSON.stringify(extract(world, representation, key));
      const object = data
        .instancesOf(type.name)
        .find((candidate) => JSON.stringify(data.select(candidate, key)) === sent);
      if (!object) throw new Error(`${subgraph} knows no ${type.name} with ${sent}`);
      return { __typename: nameIn(world, object.typename, subgraph), object, representation };
    },
  };
}

function fieldNamesOf({ selections }: SelectionSetNode): string[] {
  return selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []));
}

/** The values that @requires names come in the representation, or are promised for the place by @provides. */
function assertRequired(
  world: World,
  data: WorldData,
  source: Source | undefined,
  object: ObjectValue,
  { kind, selections }: SelectionSetNode,
  coordinate: string,
): void {
  for (const selection of selections) {
    const name = selection.kind === Kind.FIELD ? selection.name.value : '';
    if (findPromise(world, object.typename, source?.provided, name)) continue;
    const one = { kind, selections: [selection] };
    const wanted = JSON.stringify(data.select(object, one));
    const sent = JSON.stringify(source?.representation && extract(world, source.representation, one));
    if (sent !== wanted) throw new Error(`${coordinate} requires ${wanted}, and got ${sent}`);
  }
}

/** What a representation holds of a field set, as `WorldData.select` gives it. Fields that are missing stay out. */
function extract(world: World, representation: unknown, selections: SelectionSetNode): unknown {
  if (Array.isArray(representation)) return representation.map((item) => extract(world, item, selections));
  if (typeof representation !== 'object' || representation === null) return representation;
  const record = representation as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FIELD) {
      const { name, selectionSet } = selection;
      if (name.value === '__typename' || !Object.hasOwn(record, name.value)) continue;
      const value = record[name.value];
      result[name.value] = selectionSet ? extract(world, value, selectionSet) : value;
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value;
      if (!condition || isA(world, String(record.__typename), condition)) {
        Object.assign(result, extract(world, record, selection.selectionSet));
      }
    }
  }
  return result;
}
