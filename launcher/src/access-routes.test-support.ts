import type { Caller } from '@signet/access';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql';
import { findLookedUpType } from './access-arguments.test-support.ts';
import type { Place } from './access-places.test-support.ts';
import { platformCases } from './platform-cases.test-support.ts';

/** A field on the way to the one that is asked for. `owner` is the object type on which it stands. */
export type Step = { owner: string; field: GraphQLField<unknown, unknown>; coordinate: string };

/** A way to a field: from the query, from a mutation, or from a representation of an entity; the field comes last. */
export type Route = { start: 'query' | 'mutation' | { entity: string }; steps: readonly Step[] };

type Reached = { type: GraphQLObjectType; route: Route; cost: number };

/** Costs a third of a second each time: such fields are asked one after the other, and what they give by another way. */
export const comparesPassword = /^Mutation\.(login|portalLogin)$/;
/** Lists that are empty in the development seed: they lead to nothing. */
const emptyInSeed = new Set([...platformCases.values()].flatMap((cases) => cases.emptyInSeed ?? []));

/**
 * The way to a field on which this caller meets the fewest refusals before it, so that it is the field's own rule that
 * answers wherever it can be; then the shortest. Mutations are tried last.
 */
export function findRoute(place: Place, caller: Caller, coordinate: string): Route {
  const [owner = '', name = ''] = coordinate.split('.');
  const reached = findAllTypes(place, caller).get(owner);
  if (!reached) {
    throw new Error(`no way leads to ${coordinate} at ${place.name}`);
  }
  return extend(reached, name).route;
}

const found = new WeakMap<Place, Map<Caller, ReadonlyMap<string, Reached>>>();

/** The best way to each type, found once for a place and a caller: there are some ten thousand questions. */
function findAllTypes(place: Place, caller: Caller): ReadonlyMap<string, Reached> {
  const ofPlace = found.get(place) ?? new Map<Caller, ReadonlyMap<string, Reached>>();
  found.set(place, ofPlace);
  const reached = ofPlace.get(caller) ?? walk(place, caller);
  ofPlace.set(caller, reached);
  return reached;
}

function walk(place: Place, caller: Caller): ReadonlyMap<string, Reached> {
  const done = new Map<string, Reached>();
  const open = startsOf(place);
  for (;;) {
    const next = open.sort((a, b) => a.cost - b.cost).shift();
    if (!next) return done;
    if (done.has(next.type.name)) continue;
    done.set(next.type.name, next);
    for (const field of Object.keys(next.type.getFields()).filter((field) => !field.startsWith('_'))) {
      const { route, below } = extend(next, field);
      const cost = next.cost + costOf(place, caller, `${next.type.name}.${field}`);
      open.push(...objectTypes(place.schema, below).map((type) => ({ type, route, cost })));
    }
  }
}

function costOf({ verdicts }: Place, caller: Caller, coordinate: string): number {
  const isRefused = (verdicts.get(coordinate)?.[caller] ?? 'no') === 'no';
  const isPoor = comparesPassword.test(coordinate) || emptyInSeed.has(coordinate);
  return (isRefused ? 100 : 1) + (isPoor ? 10 : 0);
}

/**
 * A way to a field of somebody else's object: by a representation, or by a root field that looks objects up by id.
 * Undefined where neither leads to one.
 */
export function findForeignRoute(place: Place, caller: Caller, coordinate: string): Route | undefined {
  const [owner = '', name = ''] = coordinate.split('.');
  const direct = startsOf(place).find(
    ({ type, route }) => type.name === owner && typeof route.start === 'object',
  );
  if (direct) {
    return extend(direct, name).route;
  }
  const type = place.schema.getType(owner);
  const query = startsOf(place).find(({ route }) => route.start === 'query');
  const lookUp = Object.entries(query?.type.getFields() ?? {}).find(([name, field]) => {
    const coordinate = `Query.${name}`;
    return findLookedUpType(coordinate, field) === owner && place.verdicts.get(coordinate)?.[caller] !== 'no';
  })?.[0];
  return query && lookUp && isObjectType(type)
    ? extend({ type, route: extend(query, lookUp).route, cost: 0 }, name).route
    : undefined;
}

function startsOf({ schema, entities }: Place): Reached[] {
  const roots = [
    { type: schema.getQueryType(), start: 'query' as const, cost: 1 },
    { type: schema.getMutationType(), start: 'mutation' as const, cost: 1000 },
  ];
  return [
    ...entities
      .flatMap((name) => objectTypes(schema, schema.getType(name)))
      .map((type) => ({ type, route: { start: { entity: type.name }, steps: [] }, cost: 0 })),
    ...roots.flatMap(({ type, start, cost }) => (type ? [{ type, route: { start, steps: [] }, cost }] : [])),
  ];
}

function extend({ type, route }: Reached, name: string): { route: Route; below: GraphQLNamedType } {
  const field = type.getFields()[name];
  if (!field) {
    throw new Error(`${type.name} has no field ${name}`);
  }
  const step = { owner: type.name, field, coordinate: `${type.name}.${name}` };
  return { route: { start: route.start, steps: [...route.steps, step] }, below: getNamedType(field.type) };
}

function objectTypes(schema: GraphQLSchema, type: GraphQLNamedType | undefined): GraphQLObjectType[] {
  if (isAbstractType(type)) {
    return [...schema.getPossibleTypes(type)];
  }
  return isObjectType(type) ? [type] : [];
}
