import { type ExecutionResult, execute, type GraphQLError, type GraphQLSchema } from 'graphql';
import type { Faults } from './faults.ts';
import type { Operation, Truth } from './truth.ts';

type Path = readonly (string | number)[];

/**
 * Says how an answer differs from the truth: undefined where it is right. `data` must be the same text. Of errors, those that
 * made a null must be the same; where a null took its parent along, GraphQL lets an answer name any of the errors below.
 */
export function findDifference(truth: Truth, answer: ExecutionResult): string | undefined {
  const right = truth.result;
  if (answer.extensions?.isThrown) return `the gateway threw: ${answer.errors?.[0]?.message.split('\n')[0]}`;
  if (right.data === undefined || answer.data === undefined) {
    const both = right.data === undefined && answer.data === undefined;
    return both && answer.errors?.length ? undefined : 'only one of both refuses the operation';
  }
  const unlike = findUnlike(right.data, answer.data, [], new Set(), () => false);
  if (unlike) return `${unlike}, ${answer.errors?.[0]?.message ?? 'and no error'}`;
  const extensions = Object.keys(answer.extensions ?? {});
  if (extensions.length > 0) return `the answer has extensions: ${extensions.join(', ')}`;
  const wanted = groupByNull(right);
  const found = groupByNull(answer);
  for (const [place, errors] of found) {
    const expected = wanted.get(place);
    if (!expected) return `an error too many at '${place}': ${errors[0]?.message}`;
    const isWhole = expected.every(({ path }) => path?.join('.') === place);
    if (isWhole && errors.length !== expected.length) return `${errors.length} errors at '${place}'`;
    if (isWhole && describe(errors[0]) !== describe(expected[0])) return `another error at '${place}'`;
  }
  const missing = [...wanted.keys()].find((place) => !found.has(place));
  return missing === undefined ? undefined : `no error at '${missing}'`;
}

/**
 * Says what is wrong with an answer although subgraphs answered nonsense: a value that is neither right nor null, a null
 * without an error at, above or below it, a null where none may be, an error of a place that doesn't exist.
 */
export async function findViolation(
  schema: GraphQLSchema,
  operation: Operation,
  truth: Truth,
  answer: ExecutionResult,
  spoilt: Faults['spoilt'],
): Promise<string | undefined> {
  const errors = answer.errors ?? [];
  if (answer.extensions?.isThrown || truth.result.data === undefined) return findDifference(truth, answer);
  if (answer.data === undefined) return 'no data';
  if (!spoilt.openly && !spoilt.silently) return findDifference(truth, answer);
  const paths = errors.flatMap(({ path }) => (path ? [path] : []));
  const wrong = findUnlike(
    truth.result.data,
    answer.data,
    [],
    truth.anyAt,
    (place) => spoilt.silently || paths.some((path) => isPrefix(path, place) || isPrefix(place, path)),
  );
  if (wrong) return wrong;
  const lost = paths.find((path) => landingOf(answer.data, path) === undefined);
  if (lost) return `an error of a place that doesn't exist: '${lost.join('.')}'`;
  return findForbiddenNull(schema, operation, truth, answer.data);
}

/** Errors by the null that they caused. One without a path, or of a place that isn't null, stands for itself. */
function groupByNull({ data, errors = [] }: ExecutionResult): Map<string, GraphQLError[]> {
  const groups = new Map<string, GraphQLError[]>();
  for (const error of errors) {
    const landing = error.path && landingOf(data, error.path);
    const place =
      landing && valueAt(data, landing) === null
        ? landing.join('.')
        : `nowhere: ${error.message} at ${error.path}`;
    groups.set(place, [...(groups.get(place) ?? []), error]);
  }
  return groups;
}

/** The null at which a path ends, or the whole path. Undefined where the path leaves the data. */
function landingOf(data: unknown, path: Path): Path | undefined {
  let value = data;
  for (const [index, key] of path.entries()) {
    if (value === null) return path.slice(0, index);
    if (typeof value !== 'object' || !Object.hasOwn(value as object, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return path;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], data);
}

/** The gateway words its own errors; those of resolvers pass as they are. */
function describe(error: GraphQLError | undefined): string {
  const isFault = error?.extensions?.code === 'FAULT';
  return isFault ? `${error.message} ${JSON.stringify(error.extensions?.hint)}` : 'an error of the execution';
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((key, index) => key === long[index]);
}

function findUnlike(
  right: unknown,
  found: unknown,
  path: Path,
  anyAt: ReadonlySet<string>,
  isExcused: (path: Path) => boolean,
): string | undefined {
  const place = path.join('.');
  if (JSON.stringify(right) === JSON.stringify(found)) return undefined;
  if (anyAt.has(place)) return undefined;
  if (found === null) return isExcused(path) ? undefined : `a null too many at '${place}'`;
  const isObject = typeof right === 'object' && right !== null && typeof found === 'object';
  if (!isObject || Array.isArray(right) !== Array.isArray(found)) return `another value at '${place}'`;
  const keys = Object.keys(right);
  if (keys.join() !== Object.keys(found as object).join()) return `other keys at '${place}'`;
  for (const key of keys) {
    const inner = (from: unknown) => (from as Record<string, unknown>)[key];
    const step = Array.isArray(right) ? Number(key) : key;
    const wrong = findUnlike(inner(right), inner(found), [...path, step], anyAt, isExcused);
    if (wrong) return wrong;
  }
  return undefined;
}

/** Completes the answer's data once more by graphql-js: what it leaves as it is has no null where none may be (spec 6.4.4). */
async function findForbiddenNull(
  schema: GraphQLSchema,
  { document, variables, operationName }: Operation,
  truth: Truth,
  data: unknown,
): Promise<string | undefined> {
  const places = new Map<unknown, string>();
  notePlaces(data, '', places);
  const again = await execute({
    schema,
    document,
    variableValues: variables,
    operationName,
    rootValue: data ?? {},
    fieldResolver: (source: Record<string, unknown>, _args, _context, { path: { key } }) =>
      Object.hasOwn(source, key) ? source[key] : null,
    typeResolver: (value) => truth.typeAt.get(places.get(value) ?? ''),
  });
  const text = JSON.stringify(again.data);
  return text === JSON.stringify(data)
    ? undefined
    : `a null where none may be: ${again.errors?.[0]?.message}`;
}

function notePlaces(value: unknown, place: string, places: Map<unknown, string>): void {
  if (typeof value !== 'object' || value === null) return;
  places.set(value, place);
  for (const [key, inner] of Object.entries(value)) {
    notePlaces(inner, place === '' ? key : `${place}.${key}`, places);
  }
}
