import type { GraphqlAnswer } from '@signet/testing';
import { type GraphQLNamedType, getNamedType, isCompositeType } from 'graphql';
import { makeArguments, unknownId } from './access-arguments.test-support.ts';
import type { TokenHolder } from './access-callers.test-support.ts';
import type { Place } from './access-places.test-support.ts';
import { findForeignRoute, findRoute, type Route } from './access-routes.test-support.ts';

/** One field, asked for by one caller at one place, of an object that is the caller's own or somebody else's. */
export type Question = {
  coordinate: string;
  place: Place;
  holder: TokenHolder;
  object: 'own' | 'foreign';
  route: Route;
  /** Response path of each step of the route, list positions left out. */
  paths: readonly string[];
};

export type Answer = GraphqlAnswer;

/** All questions about a field at a place for a caller: two where a policy decides, if there is a way to ask about both. */
export function createQuestions(coordinate: string, place: Place, holder: TokenHolder): Question[] {
  const create = (object: 'own' | 'foreign', route: Route): Question => {
    const start = typeof route.start === 'object' ? ['_entities'] : [];
    const names = [...start, ...route.steps.map(({ field }) => field.name)];
    const paths = route.steps.map((_step, index) => names.slice(0, start.length + index + 1).join('.'));
    return { coordinate, place, holder, object, route, paths };
  };
  const own = create('own', findRoute(place, holder.caller, coordinate));
  const isPolicy = place.verdicts.get(coordinate)?.[holder.caller] === 'policy';
  const foreign = isPolicy ? findForeignRoute(place, holder.caller, coordinate) : undefined;
  return foreign ? [own, create('foreign', foreign)] : [own];
}

export function ask(question: Question): Promise<Answer> {
  return question.place.ask(writeQuestion(question), question.holder.token);
}

/** The operation that asks it. An object that the caller has none of is asked for by an id that nothing has. */
export function writeQuestion({ holder, object, route }: Question) {
  return writeOperation(route, object, (type) => holder.objects[type]?.[object] ?? unknownId);
}

function writeOperation(
  { start, steps }: Route,
  object: Question['object'],
  objectId: (type: string) => string,
) {
  const variables: Record<string, unknown> = {};
  const definitions: string[] = [];
  const define = (name: string, type: string, value: unknown) => {
    definitions.push(`$${name}: ${type}`);
    variables[name] = value;
  };
  const selection = steps.reduceRight((below, { owner, field, coordinate }, index) => {
    const values = makeArguments(coordinate, field, objectId);
    const args = field.args.filter(({ name }) => name in values);
    for (const { name, type } of args) {
      define(`${name}${index}`, String(type), values[name]);
    }
    const list = args.map(({ name }) => `${name}: $${name}${index}`).join(', ');
    const selected = below || selectNothing(getNamedType(field.type), object);
    return `{ ... on ${owner} { ${field.name}${list && `(${list})`} ${selected} } }`;
  }, '');
  if (typeof start !== 'object') {
    return { query: `${start} ${variablesOf(definitions)} ${selection}`, variables };
  }
  define('representations', '[_Any!]!', [{ __typename: start.entity, id: objectId(start.entity) }]);
  const query = `query ${variablesOf(definitions)} { _entities(representations: $representations) ${selection} }`;
  return { query, variables };
}

/** No other field that has a rule; of somebody else's page whether there is anything on it. */
function selectNothing(type: GraphQLNamedType, object: Question['object']): string {
  if (!isCompositeType(type)) {
    return '';
  }
  return object === 'foreign' && 'getFields' in type && type.getFields().edges
    ? '{ edges { __typename } }'
    : '{ __typename }';
}

function variablesOf(definitions: readonly string[]): string {
  return definitions.length > 0 ? `(${definitions.join(', ')})` : '';
}
