import type { FetchNode } from '@apollo/query-planner';
import { Kind, type SelectionNode, type SelectionSetNode } from 'graphql';
import { type Condition, readConditions } from './conditions.ts';
import type { Fragments } from './fragments.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

export type JsonObject = Record<string, unknown>;

/** What a fetch asks for at one place: its keys, whatever the type of the object. No other key of an answer is ever read. */
export type AnswerShape = {
  fields: readonly ShapeField[];
  byKey: ReadonlyMap<string, ShapeField>;
  /** Whether planning gave other names to fields at this place or below. */
  hasRenamed: boolean;
};

export type ShapeField = {
  /** The key in the answer. */
  from: string;
  /** The key in the result: another one where the planner gave fields of several types names of their own. */
  to: string;
  /** Undefined for a leaf. */
  shape: AnswerShape | undefined;
  /** It is asked for where all conditions of one of these hold. */
  conditions: readonly (readonly Condition[])[];
};

export type ShapeReading = {
  fragments: Fragments;
  /** Those under which the fetch is sent at all. */
  conditions: readonly Condition[];
  /** Gives the client's name of a variable. */
  nameOf(variable: string): string;
};

type OutputRewrites = NonNullable<FetchNode['outputRewrites']>;

/**
 * Reads the shape of a selection set.
 *
 * @throws {Error} for a plan that execution does not know
 */
export function readShape(
  set: SelectionSetNode,
  reading: ShapeReading,
  outputRewrites: OutputRewrites = [],
): AnswerShape {
  const renamed = new Map<string, string>();
  for (const rewrite of outputRewrites) {
    const from = rewrite.path.at(-1);
    if (rewrite.kind !== 'KeyRenamer' || from === undefined) {
      throw new Error(`A plan rewrites answers by a ${rewrite.kind}, which is not known.`);
    }
    renamed.set(keyPathOf(rewrite.path), rewrite.renameKeyTo);
  }
  return readAt([{ set, conditions: reading.conditions }], { ...reading, renamed }, '');
}

/** `['… on Book', 'author', 'name__alias_0']` -> `/author/name__alias_0`: a key that planning made is the only one of its place. */
function keyPathOf(path: readonly string[]): string {
  return path
    .filter((element) => !element.startsWith('... on '))
    .map((key) => `/${key}`)
    .join('');
}

type ConditionalSet = { set: SelectionSetNode; conditions: readonly Condition[] };

function readAt(
  sets: readonly ConditionalSet[],
  reading: Omit<ShapeReading, 'conditions'> & { renamed: ReadonlyMap<string, string> },
  place: string,
): AnswerShape {
  const { fragments, nameOf, renamed } = reading;
  const selected = new Map<string, { below: ConditionalSet[]; conditions: (readonly Condition[])[] }>();
  const look = ({ set, conditions: outer }: ConditionalSet) => {
    for (const selection of set.selections) {
      const conditions = selection.directives?.length
        ? [...outer, ...readConditions(selection.directives, nameOf)]
        : outer;
      const inner = innerOf(selection, fragments);
      if (selection.kind !== Kind.FIELD) {
        if (inner) look({ set: inner, conditions });
        continue;
      }
      const key = (selection.alias ?? selection.name).value;
      const known = selected.get(key) ?? { below: [], conditions: [] };
      if (inner) known.below.push({ set: inner, conditions });
      known.conditions.push(conditions);
      selected.set(key, known);
    }
  };
  for (const set of sets) look(set);
  const fields = shareShapes(
    [...selected].map(([from, { below, conditions }]): ShapeField => {
      // Written like any other key it would change the prototype of a result.
      if (from === '__proto__') throw new Error('A plan has a field named __proto__.');
      const path = `${place}/${from}`;
      return {
        from,
        to: renamed.get(path) ?? from,
        shape: below.length > 0 ? readAt(below, reading, path) : undefined,
        conditions,
      };
    }),
  );
  return shapeOf(fields);
}

function shapeOf(fields: readonly ShapeField[]): AnswerShape {
  return {
    fields,
    byKey: new Map(fields.map((field) => [field.from, field])),
    hasRenamed: fields.some(({ from, to, shape }) => from !== to || shape?.hasRenamed),
  };
}

/** Gives fields of one key in the result one shape: a type may have a field under a name of its own, and its interface too. */
function shareShapes(fields: readonly ShapeField[]): ShapeField[] {
  const sharing = Map.groupBy(fields, ({ to }) => to);
  return fields.map((field) => {
    const shapes = (sharing.get(field.to) ?? []).flatMap(({ shape }) => shape ?? []);
    if (!field.shape || shapes.length < 2) return field;
    return { ...field, shape: shapeOf(shapes.flatMap((shape) => shape.fields)) };
  });
}

function innerOf(selection: SelectionNode, fragments: Fragments): SelectionSetNode | undefined {
  return selection.kind === Kind.FRAGMENT_SPREAD
    ? fragments.get(selection.name.value)?.selectionSet
    : selection.selectionSet;
}

/**
 * Reads an own property of an object that JSON.parse made. What it inherits are functions, as `constructor`, and its prototype: no value in JSON
 * is one of these.
 */
export function read(object: JsonObject, key: string): unknown {
  const value = object[key];
  return typeof value === 'function' || value === Object.prototype ? undefined : value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Gives renamed fields of an answer their keys in the result. Changes `value`. */
export function applyRenames(value: unknown, shape: AnswerShape): void {
  if (!shape.hasRenamed || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) applyRenames(item, shape);
    return;
  }
  const object = value as JsonObject;
  for (const { from, to, shape: below } of shape.fields) {
    const inner = read(object, from);
    if (inner === undefined) continue;
    if (below) applyRenames(inner, below);
    if (from !== to) object[to] = below ? joinParts(read(object, to), inner) : inner;
  }
}

/** Joins two parts of one field that an answer has under two keys. */
function joinParts(one: unknown, other: unknown): unknown {
  if (one === undefined || one === null) return one === null ? null : other;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length ? one.map((item, index) => joinParts(item, other[index])) : other;
  }
  if (!isObject(one) || !isObject(other)) return other;
  for (const key of Object.keys(other)) {
    const part = read(other, key);
    // Written like any other key it would change the prototype of the result.
    if (key !== '__proto__')
      one[key] = isObject(part) || Array.isArray(part) ? joinParts(read(one, key), part) : part;
  }
  return one;
}

/**
 * Merges what a fetch answered about an object into it. A null of either side stays: it is a field that failed, or has no value.
 * What `target` already holds below is kept. Parts of `source` become parts of `target`.
 */
export function mergeInto(
  target: JsonObject,
  source: JsonObject,
  shape: AnswerShape,
  types: SupergraphTypes,
): void {
  for (const { to, shape: below } of shape.fields) {
    const value = read(source, to);
    if (value === undefined) continue;
    const current = read(target, to);
    if (current === undefined) {
      target[to] = value;
    } else if (below) {
      if (current !== null) target[to] = value === null ? null : mergeValues(current, value, below, types);
    } else if (to === '__typename') {
      // A subgraph that knows only the interface names the interface (`@interfaceObject`).
      if (typeof value === 'string' && !(types.isObject(String(current)) && !types.isObject(value))) {
        target[to] = value;
      }
    } else {
      target[to] = value;
    }
  }
}

/** @returns what stands at the place of both */
function mergeValues(current: unknown, value: unknown, shape: AnswerShape, types: SupergraphTypes): unknown {
  if (Array.isArray(current) && Array.isArray(value)) {
    if (current.length !== value.length) return value;
    for (const [index, item] of value.entries()) {
      const known: unknown = current[index];
      if (known !== null) current[index] = item === null ? null : mergeValues(known, item, shape, types);
    }
    return current;
  }
  if (isObject(current) && isObject(value)) {
    mergeInto(current, value, shape, types);
    return current;
  }
  return value;
}

/** How many fields may be copied still: of an entity with long lists that stands at many places, the copies would fill the memory. */
export type CopyBudget = { left: number };

/**
 * Copies what a fetch asked for.
 *
 * @throws {Error} where that is more than the budget
 */
export function copyAnswer(value: unknown, shape: AnswerShape | undefined, budget: CopyBudget): unknown {
  if (!shape || typeof value !== 'object' || value === null) return value;
  budget.left -= Array.isArray(value) ? value.length : shape.fields.length;
  if (budget.left < 0)
    throw new Error('answered with entities that are too large for the places where they stand');
  if (Array.isArray(value)) return value.map((item) => copyAnswer(item, shape, budget));
  const copy: JsonObject = {};
  for (const { to, shape: below } of shape.fields) {
    const inner = read(value as JsonObject, to);
    if (inner !== undefined) copy[to] = copyAnswer(inner, below, budget);
  }
  return copy;
}
