import { isDeepStrictEqual } from 'node:util';
import {
  buildSchema,
  execute,
  type GraphQLSchema,
  getOperationAST,
  isCompositeType,
  parse,
  subscribe,
} from 'graphql';
import type { Answer } from './ask.ts';
import type { ConformanceCase } from './cases/case.ts';
import type { GraphName } from './graph/graphs.ts';
import { supergraphs } from './graph/supergraphs.generated.ts';
import { createValueResolver, markerOf } from './graph/values.ts';

export type Verdict =
  | { verdict: 'pass' }
  /** The caller got what the rule refuses, or a mutation ran that the rule refuses. */
  | { verdict: 'leak'; because: string }
  /** Nothing got out, but the answer is not the one that the specification gives. */
  | { verdict: 'wrong'; because: string }
  | { verdict: 'not supported'; because: string };

const passed: Verdict = { verdict: 'pass' };
const leak = (because: string): Verdict => ({ verdict: 'leak', because });
const wrong = (because: string): Verdict => ({ verdict: 'wrong', because });

/** The schema that clients of a graph see, with the subgraphs' values behind it. */
const schemas = new Map<GraphName, GraphQLSchema>();

function schemaOf(name: GraphName): GraphQLSchema {
  const schema =
    schemas.get(name) ?? buildSchema(supergraphs[name], { assumeValidSDL: true, assumeValid: true });
  schemas.set(name, schema);
  return schema;
}

/**
 * Judges what a gateway did with a case. Where something is refused, both ways are right: the whole operation without data, or the
 * rest of the data with null in the place of what is refused.
 *
 * @param fetched The coordinates that subgraphs were asked for.
 */
export async function judge(
  one: ConformanceCase,
  answer: Answer,
  fetched: ReadonlySet<string>,
): Promise<Verdict> {
  const schema = schemaOf(one.graph ?? 'main');
  return findLeak(one, answer, fetched, schema) ?? (await findFault(one, answer, schema)) ?? passed;
}

function findLeak(
  { refused = {}, hides = [], mayFetch = [] }: ConformanceCase,
  answer: Answer,
  fetched: ReadonlySet<string>,
  schema: GraphQLSchema,
): Verdict | undefined {
  for (const text of hides) {
    if (answer.text.includes(text)) return leak(`the answer holds ${text}`);
  }
  for (const [path, coordinate] of Object.entries(refused)) {
    const marker = markerOf(schema, coordinate);
    const found = marker === undefined ? valuesAt(answer.data, path.split('.')) : undefined;
    if (marker !== undefined && answer.text.includes(marker)) return leak(`the answer holds ${coordinate}`);
    if (found?.some(hasValue)) return leak(`the answer holds an object at ${path}`);
    if (fetched.has(coordinate) && coordinate.startsWith('Mutation.')) return leak(`${coordinate} ran`);
  }
  const asked = Object.values(refused).find((one) => fetched.has(one) && !mayFetch.includes(one));
  return asked === undefined ? undefined : wrong(`a subgraph was asked for ${asked}`);
}

async function findFault(
  one: ConformanceCase,
  answer: Answer,
  schema: GraphQLSchema,
): Promise<Verdict | undefined> {
  const { refused = {}, isInvalid } = one;
  const paths = Object.keys(refused);
  const hasData = normalize(answer.data) !== null;
  const isRefusal = paths.length > 0 || isInvalid;
  if (one.accepts) {
    const isOff = !hasData && answer.errors.length > 0;
    return isOff || (hasData && one.accepts(answer.data))
      ? undefined
      : wrong(`it answers ${shorten(answer)}`);
  }
  if (!isRefusal) {
    if (answer.errors.length > 0) return wrong(`refused or failed: ${messageOf(answer)}`);
    const expected = await expect(one, schema);
    return isDeepStrictEqual(normalize(answer.data), expected)
      ? undefined
      : wrong(`it answers ${shorten(answer)}`);
  }
  if (!hasData) {
    const isRefused = answer.errors.length > 0 || answer.status === 401 || answer.status === 403;
    return isRefused
      ? findChallengeFault(one, answer)
      : wrong(`no error says that something is refused: ${shorten(answer)}`);
  }
  if (isInvalid) return wrong(`it answers ${shorten(answer)}`);
  const expected = await expect(one, schema);
  const actual = normalize(answer.data);
  const isRight = one.mayHideMore ? isPartOf(actual, expected) : isDeepStrictEqual(actual, expected);
  if (!isRight) return wrong(`beside the refusal, it answers ${shorten(answer)}`);
  return findErrorFault(one, answer);
}

/** The challenge of RFC 9470, where the case is about it. */
function findChallengeFault({ challenge }: ConformanceCase, answer: Answer): Verdict | undefined {
  if (challenge === undefined || answer.data) return undefined;
  const isGiven = /\berror="insufficient_user_authentication"/.test(answer.challenge);
  const isRight =
    challenge === 'none'
      ? !isGiven
      : isGiven && answer.status === 401 && answer.challenge.includes(`max_age="${challenge}"`);
  return isRight
    ? undefined
    : wrong(`it answers ${answer.status} with the challenge ${answer.challenge || 'none'}`);
}

/** With data, errors stand beside it. Their paths are judged where the case is about them. */
function findErrorFault(
  { refused = {}, judgesErrors }: ConformanceCase,
  answer: Answer,
): Verdict | undefined {
  if (answer.errors.length === 0) return wrong('no error says that something is refused');
  if (!judgesErrors) return undefined;
  const places = answer.errors.map(({ path = [] }) => path.map(String).filter(isName).join('.'));
  for (const path of Object.keys(refused)) {
    if (!places.includes(path))
      return wrong(`no error has the path ${path}, only ${places.join(', ') || 'none'}`);
  }
  const nameless = answer.errors.find(({ extensions }) => typeof extensions?.code !== 'string');
  return nameless && wrong(`an error has no extensions.code: ${nameless.message}`);
}

/** Without positions in lists, which some write as `@`, and without type conditions. */
function isName(part: string): boolean {
  return !/^(\d+|@|\.\.\. on .*)$/.test(part);
}

/** What one server with all the data answers when it fails at what is refused. */
async function expect(
  { operation, variables, operationName, refused = {} }: ConformanceCase,
  schema: GraphQLSchema,
) {
  const coordinates = Object.values(refused);
  const fieldResolver = createValueResolver((coordinate) => {
    if (coordinates.includes(coordinate)) throw new Error('refused');
  });
  const document = parse(operation);
  const order = {
    schema,
    document,
    variableValues: variables ?? {},
    operationName: operationName ?? null,
    fieldResolver,
  };
  if (getOperationAST(document, operationName)?.operation !== 'subscription') {
    const { data } = await execute({ ...order, typeResolver: ({ __typename }) => __typename });
    return normalize(data);
  }
  const events = await subscribe({
    ...order,
    subscribeFieldResolver: async function* () {
      yield {};
    },
  });
  if (!(Symbol.asyncIterator in events)) return normalize(events.data);
  for await (const { data } of events) return normalize(data);
  return null;
}

/** Drops keys that are null, and objects without keys: whether a refused field is null or left out is not judged. */
export function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).map(([key, inner]) => [key, normalize(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== null);
  return kept.length > 0 ? Object.fromEntries(kept) : null;
}

function isPartOf(part: unknown, whole: unknown): boolean {
  if (part === null) return true;
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((item, index) => isPartOf(item, whole[index] ?? null));
  }
  if (typeof part !== 'object') return part === whole;
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false;
  const inner = whole as Record<string, unknown>;
  return Object.entries(part).every(([key, value]) => isPartOf(value, inner[key] ?? null));
}

/** Whether anything but null stands in it. */
function hasValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).some(hasValue) : value !== null;
}

function valuesAt(data: unknown, [key, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(data)) return data.flatMap((item) => valuesAt(item, [key ?? '', ...rest]));
  if (typeof data !== 'object' || data === null || key === undefined) return [];
  const value = (data as Record<string, unknown>)[key] ?? null;
  return rest.length === 0 ? [value] : valuesAt(value, rest);
}

function messageOf({ errors, status }: Answer): string {
  return `${status} ${errors.map(({ message }) => message).join('; ')}`.slice(0, 300);
}

function shorten({ status, text }: Answer): string {
  return `${status} ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
}

/** For cases in a test: whether the coordinate is there, and composite. */
export function isKnownCoordinate(graph: GraphName, coordinate: string): boolean {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schemaOf(graph).getType(typeName);
  if (fieldName === '__typename') return isCompositeType(type);
  return type !== undefined && 'getFields' in type && fieldName in type.getFields();
}
