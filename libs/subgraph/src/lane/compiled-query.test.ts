import { setImmediate as untilIdle } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  buildSchema,
  execute,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  type OperationDefinitionNode,
  parse,
  responsePathAsArray,
  specifiedRules,
  validate,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileQuery } from './compiled-query.ts';
import { CollectedErrors } from './execute-fields.ts';
import { createCompiledQueries } from './schema-lane.ts';

const sdl = `
  type Query { a: A aa: A! list: [A!] strict: [[A!]!]! node: Node any: [Any] deep: [[Int]] text(of: In, n: Int = 3): String }
  interface Node { id: ID! next: Node a: A! }
  type A implements Node { id: ID! next: Node a: A! int: Int float: Float! ok: Boolean mood: Mood text(of: In, n: Int = 3): String b: B! bs: [B]! any: Any }
  type B implements Node { id: ID! next: Node a: A! name: String! names: [String!] any: [Any!]! }
  union Any = A | B
  enum Mood { GOOD BAD }
  input In { x: Int! y: [String!] }
`;

type Run = { schema: GraphQLSchema; calls: unknown[] };

/** Its fields with arguments have resolvers, which note how they are called. */
function createSchema(): Run {
  const schema = buildSchema(sdl);
  const calls: unknown[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    const field = isObjectType(type) ? type.getFields().text : undefined;
    if (!field) continue;
    field.resolve = (source, args, context, info) => {
      const { path, fieldNodes, fragments, operation, variableValues, parentType, returnType } = info;
      calls.push({ args: JSON.stringify(args), context, path: responsePathAsArray(path), variableValues });
      calls.push([fieldNodes.length, Object.keys(fragments), operation.kind, `${parentType}.${returnType}`]);
      if (args.n === 13) throw new Error('thirteen');
      return (source as { text: unknown } | undefined)?.text ?? JSON.stringify(args);
    };
  }
  return { schema, calls };
}

const rules = specifiedRules.filter(
  (rule) => rule !== NoUnusedFragmentsRule && rule !== NoUnusedVariablesRule,
);

/** Mulberry32. */
function createRandom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
type Random = ReturnType<typeof createRandom>;

/** Data with faults: nulls, errors that are returned, thrown or rejected, now or some microtasks later; values of another type. */
class World {
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  readonly #faulty: boolean;

  constructor(schema: GraphQLSchema, seed: number) {
    this.#schema = schema;
    this.#random = createRandom(seed);
    this.#faulty = seed % 4 !== 0;
  }

  root(): unknown {
    return this.#object(this.#schema.getQueryType() as GraphQLNamedType, 0);
  }

  #value(type: GraphQLOutputType, depth: number, mayCall: boolean): unknown {
    const choice = this.#random(this.#faulty ? 40 : 1000);
    const error = new Error(`fault ${depth} ${this.#random(1000)}`);
    if (choice === 0) return null;
    if (choice === 1) return error;
    if (choice === 2) return later(Promise.reject(error), this.#random(4));
    if (choice === 3) return { strange: true };
    if (choice === 4) return undefined;
    if (choice === 5 && mayCall)
      return () => {
        throw error;
      };
    const value = this.#plain(type, depth);
    if (choice % 5 === 0) return later(Promise.resolve(value), this.#random(4));
    return choice % 7 === 0 && mayCall ? () => value : value;
  }

  #plain(type: GraphQLOutputType, depth: number): unknown {
    if (isNonNullType(type)) return this.#plain(type.ofType, depth);
    if (isListType(type)) {
      const items = Array.from({ length: this.#random(4) }, () => this.#value(type.ofType, depth, false));
      return this.#random(3) === 0 ? new Set(items) : items;
    }
    if (isLeafType(type)) return this.#leaf(type.name);
    const types = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type];
    return this.#object(types[this.#random(types.length)] as GraphQLNamedType, depth + 1);
  }

  #leaf(name: string): unknown {
    const texts = ['', 'x', 'ü"\\\n', '\u2028 \ud800', 'a'.repeat(100), '\u0001'];
    if (name === 'Mood') return ['GOOD', 'BAD', 'NONE'][this.#random(this.#faulty ? 3 : 2)];
    if (name === 'Int') return [0, -0, 7, 1e9, this.#faulty ? 1e10 : 1][this.#random(5)];
    if (name === 'Float') return [0.1, 1e21, -5e-324, this.#faulty ? Number.NaN : 2][this.#random(4)];
    if (name === 'Boolean') return this.#random(2) === 0;
    return texts[this.#random(texts.length)];
  }

  /** Each field's value is made when it is first asked for: the order in which that happens is compared as well. */
  #object(type: GraphQLNamedType, depth: number): unknown {
    const object: Record<string, unknown> = { __typename: type.name };
    if (!isObjectType(type) || depth > 6) return object;
    for (const [name, field] of Object.entries(type.getFields())) {
      let made: { value: unknown } | undefined;
      const get = () => {
        made ??= { value: this.#value(field.type, depth, true) };
        return made.value;
      };
      Object.defineProperty(object, name, { get });
    }
    return object;
  }
}

function later<T>(promise: Promise<T>, ticks: number): Promise<T> {
  let delayed = promise;
  for (let tick = 0; tick < ticks; tick += 1) delayed = delayed.finally(() => {});
  // A list may end before this item.
  delayed.catch(() => {});
  return delayed;
}

/** A valid query, with aliases, fields that stand twice, and fragments. */
function writeQuery(schema: GraphQLSchema, random: Random): string {
  const fragments: string[] = [];
  const select = (type: GraphQLNamedType, depth: number): string => {
    const own =
      'getFields' in type && !('isOneOf' in type && type.name === 'In')
        ? Object.values(type.getFields())
        : [];
    const parts = Array.from({ length: 1 + random(4) }, () => {
      const choice = random(10);
      if (choice === 0 || own.length === 0) return '__typename';
      if (choice <= 2 && depth > 0) {
        const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type as never];
        const condition =
          random(3) === 0 && type.name !== 'Query' ? 'Node' : `${possible[random(possible.length)]}`;
        const inner = select(schema.getType(condition) as GraphQLNamedType, depth - 1);
        if (choice === 1) return `... on ${condition} ${inner}`;
        fragments.push(`fragment f${fragments.length} on ${condition} ${inner}`);
        return `...f${fragments.length - 1}`;
      }
      const field = own[random(own.length)] as { name: string; type: GraphQLOutputType };
      const named = getNamedType(field.type);
      const args =
        field.name === 'text' ? ['', '(n: 13)', '(of: $in, n: $n)', '(of: { x: 1, y: "z" })'][random(4)] : '';
      // The alias says what is asked, so that fields of one name can be merged.
      const alias = args === '' ? ['', `${field.name}2: `][random(2)] : `t${args?.length}: `;
      if (isLeafType(named)) return `${alias}${field.name}${args}`;
      return depth > 0 ? `${alias}${field.name} ${select(named, depth - 1)}` : '__typename';
    });
    return `{ ${parts.join(' ')} }`;
  };
  const operation = select(schema.getQueryType() as GraphQLNamedType, 4);
  return `query ($in: In, $n: Int) ${operation} ${fragments.join(' ')}`;
}

async function runBoth(text: string, createRoot: (schema: GraphQLSchema) => unknown, variables: object = {}) {
  const document = parse(text);
  const context = { context: true };
  const [ours, theirs] = [createSchema(), createSchema()];
  const operation = getOperationAST(document) as OperationDefinitionNode;
  const compiled = compileQuery(ours.schema, document, operation);
  if (!compiled) return undefined;
  const errors = new CollectedErrors();
  const variableValues = Object.assign(Object.create(null), variables);
  const run = {
    schema: ours.schema,
    operation,
    fragments: compiled.fragments,
    variableValues,
    context,
    errors,
  };
  let data = 'null';
  try {
    data = await compiled.execute({ ...run, rootValue: createRoot(ours.schema) });
  } catch (error) {
    errors.add(error as never, undefined);
  }
  await untilIdle();
  expect(unhandled).toEqual([]);
  const expected = await execute({
    schema: theirs.schema,
    document,
    contextValue: context,
    variableValues: variables as never,
    rootValue: createRoot(theirs.schema),
  });
  await untilIdle();
  unhandled.length = 0;
  return {
    ours: { data, errors: errors.all.map((error) => error.toJSON()), calls: ours.calls },
    theirs: {
      data: JSON.stringify(expected.data),
      errors: (expected.errors ?? []).map((error) => error.toJSON()),
      calls: theirs.calls,
    },
  };
}

/** graphql-js leaves some behind: items of a list whose other item was null where none may be. They would end the process. */
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
let listeners: NodeJS.UnhandledRejectionListener[];
beforeAll(() => {
  listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
});
afterAll(() => {
  process.off('unhandledRejection', note);
  for (const listener of listeners) process.on('unhandledRejection', listener);
});

describe('a compiled query', () => {
  it('gives the data, the errors and the calls of resolvers that graphql-js gives, for random data with faults', async () => {
    const { schema } = createSchema();
    let [compared, withErrors, withoutData] = [0, 0, 0];
    for (let seed = 1; seed <= 600; seed += 1) {
      const text = writeQuery(schema, createRandom(seed));
      if (validate(schema, parse(text), rules).length > 0) continue;
      const variables = [{}, { in: { x: 1 }, n: 2 }, { n: null }][seed % 3];
      const both = await runBoth(text, (own) => new World(own, seed).root(), variables);
      if (!both) throw new Error(`not compiled: ${text}`);
      expect(both.ours, `seed ${seed}: ${text}`).toEqual(both.theirs);
      compared += 1;
      if (both.ours.errors.length > 0) withErrors += 1;
      if (both.ours.data === 'null') withoutData += 1;
    }
    expect(compared).toBeGreaterThan(550);
    expect(withErrors).toBeGreaterThan(300);
    expect(withoutData).toBeGreaterThan(50);
  });

  it('writes a name that changes a prototype like any other', async () => {
    const both = await runBoth('{ __proto__: deep constructor: __typename }', () => ({ deep: [[1], null] }));
    expect(both?.ours.data).toBe('{"__proto__":[[1],null],"constructor":"Query"}');
  });

  it('tells of a value of no possible type at its place', async () => {
    const both = await runBoth('{ any { __typename } }', () => ({
      any: [{ __typename: 'Query' }, { __typename: 'B' }],
    }));
    expect(both?.ours.data).toBe('{"any":[null,{"__typename":"B"}]}');
    expect(both?.ours.errors.map(({ path }) => path)).toEqual(both?.theirs.errors.map(({ path }) => path));
  });

  it('is not made of what graphql-js is to run', () => {
    const { schema } = createSchema();
    const isCompiled = (text: string) => {
      const document = parse(text);
      return (
        compileQuery(schema, document, getOperationAST(document) as OperationDefinitionNode) !== undefined
      );
    };
    expect(isCompiled('{ __typename }')).toBe(true);
    expect(isCompiled('{ __typename @skip(if: false) }')).toBe(false);
    expect(isCompiled('{ a { ... @include(if: true) { id } } }')).toBe(false);
    expect(isCompiled('{ __schema { __typename } }')).toBe(false);
    expect(isCompiled('mutation { __typename }')).toBe(false);
  });

  it('is not made where interfaces within interfaces would multiply its fields', () => {
    const { schema } = createSchema();
    const document = parse(`{ node ${'{ id next '.repeat(12)} { id } ${'}'.repeat(12)} }`);
    const operation = getOperationAST(document) as OperationDefinitionNode;
    expect(validate(schema, document)).toEqual([]);
    expect(compileQuery(schema, document, operation)).toBeUndefined();
  });
});

describe('the cache of compiled queries', () => {
  it.each([
    ['queries', '{ text }'],
    ['what is not compiled', '{ text @skip(if: false) }'],
  ])('keeps no more documents than its bytes allow: %s', async (_, selection) => {
    const { schema } = createSchema();
    const compiledOf = createCompiledQueries(schema, 4 * 1024 * 1024);
    const documents = Array.from({ length: 40 }, (_, index) => {
      const text = `${selection} # ${index} ${'x'.repeat(10_000)}`;
      const document = parse(text);
      compiledOf(document, getOperationAST(document) as OperationDefinitionNode, text);
      return new WeakRef(document.definitions[0] as object);
    });
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    await untilIdle();
    collectGarbage();
    expect(documents.filter((document) => document.deref()).length).toBeLessThan(6);
  });

  it('gives the same compiled query again', () => {
    const { schema } = createSchema();
    const compiledOf = createCompiledQueries(schema);
    const text = '{ text }';
    const document = parse(text);
    const operation = getOperationAST(document) as OperationDefinitionNode;
    const compiled = compiledOf(document, operation, text);
    expect(compiled).toBeDefined();
    expect(compiledOf(document, operation, text)).toBe(compiled);
  });
});
