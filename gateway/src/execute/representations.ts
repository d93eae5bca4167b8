import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { quoteJson } from '@signet/service';
import { isObject, type JsonObject, read } from './answer-shape.ts';
import type { EntityKey } from './entity-keys.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

type Selections = readonly QueryPlanSelectionNode[];

/**
 * Writes the representation of an object as JSON. Undefined where it lacks a field that the representation needs. It needs none that was not
 * asked for, and of several keys one.
 */
export type WriteRepresentation = (
  object: JsonObject,
  isAskedFor: (place: string) => boolean,
) => string | undefined;

export type Representation = {
  write: WriteRepresentation;
  /** How to tell the representations of a type apart without writing each. Undefined where they hold objects or lists. */
  identityOf(typename: unknown): Identity | undefined;
};

/** Two objects of a type with the same text at `key`, and the same values at `others`, have the same representation. */
export type Identity = {
  key: string;
  others: readonly string[];
  /** Where there are no others, the representation is the text at `key`, as JSON, between these. */
  around: { before: string; after: string } | undefined;
};

type Writer = {
  /** `"name":`, as the subgraph knows the field, and the same after another one. */
  first: string;
  next: string;
  /** Its key in the result. */
  key: string;
  /** `/dimensions/size`, from the entity. */
  place: string;
  constant: string | undefined;
  below: TypedWriter | undefined;
};
type TypedWriter = (
  object: JsonObject,
  typename: string | undefined,
  isAskedFor: (place: string) => boolean,
) => string | undefined;

type Representing = Pick<FetchNode, 'requires' | 'inputRewrites' | 'serviceName'>;

/** Compiles the representations of one fetch: what `requires` selects of an object, by its type. */
export function compileRepresentation(
  { requires = [], inputRewrites = [], serviceName }: Representing,
  types: SupergraphTypes,
): Representation {
  const constants = inputRewrites.map((rewrite) => {
    const [fragment = '', key, ...others] = rewrite.path;
    if (
      rewrite.kind !== 'ValueSetter' ||
      !fragment.startsWith(onType) ||
      key === undefined ||
      others.length > 0
    ) {
      throw new Error(
        `A plan rewrites representations in a way that is not known: ${rewrite.kind} ${rewrite.path}`,
      );
    }
    return { type: fragment.slice(onType.length), key, value: JSON.stringify(rewrite.setValueTo) };
  });
  const { write, writersOf } = compileSelections(requires, types, '', (type, key) =>
    type === undefined
      ? undefined
      : constants.findLast((constant) => constant.key === key && types.isSubtype(constant.type, type))?.value,
  );
  const keysByType = new Map<string, readonly EntityKey[]>();
  /** The keys that the fetch may send of an object. */
  const keysOf = (typename: string) => {
    let keys = keysByType.get(typename);
    if (!keys) {
      const places = new Set([...collect(requires, typename, types).keys()].map((key) => `/${key}`));
      keys = types
        .keysOf(serviceName, typename)
        .filter((key) => key.every((place) => place.lastIndexOf('/') > 0 || places.has(place)));
      if (keysByType.size < maxKeptTypes) keysByType.set(typename, keys);
    }
    return keys;
  };
  const identities = new Map<string, Identity | undefined>();
  const identityOf = (typename: unknown) => {
    if (typeof typename !== 'string' || !types.hasFields(typename)) return undefined;
    if (identities.has(typename)) return identities.get(typename);
    const identity = findIdentity(writersOf(typename), typename, keysOf(typename));
    // Objects of several types may be sent as of one: what is written alike is known by one identity.
    const same = [...identities.values()].find((known) => isSame(known?.around, identity?.around));
    if (identities.size < maxKeptTypes) identities.set(typename, same ?? identity);
    return same ?? identity;
  };
  const leftOut = new Set<string>();
  let isPlaceAskedFor: (place: string) => boolean;
  let typeOfObject = '';
  const note = (place: string) => {
    const keys = keysOf(typeOfObject);
    // Objects of one place may come with different keys. One is enough.
    const isOfKey = keys.length > 1 && keys.some((key) => key.includes(place));
    const isNeeded = !isOfKey && isPlaceAskedFor(place);
    if (!isNeeded) leftOut.add(place);
    return isNeeded;
  };
  const writeWhole: WriteRepresentation = (object, isAskedFor) => {
    const typename = object.__typename;
    // Subgraphs can answer with any name, and with another one for each object.
    if (typeof typename !== 'string' || !types.hasFields(typename)) return undefined;
    isPlaceAskedFor = isAskedFor;
    typeOfObject = typename;
    // Clearing a Set allocates, also an empty one.
    if (leftOut.size > 0) leftOut.clear();
    const text = write(object, typename, note);
    // No entity of this fetch is of this type.
    if (text === undefined || text === '{}') return undefined;
    if (leftOut.size === 0) return text;
    const keys = keysOf(typename);
    // Without a whole key nobody can tell which entity it is.
    return keys.length === 0 || keys.some((key) => !key.some((place) => leftOut.has(place)))
      ? text
      : undefined;
  };
  return { write: writeWhole, identityOf };
}

function findIdentity(
  writers: readonly Writer[],
  typename: string,
  keys: readonly EntityKey[],
): Identity | undefined {
  if (writers.some(({ below }) => below)) return undefined;
  const isFixed = ({ constant, key }: Writer) => constant !== undefined || key === '__typename';
  const values = writers.filter((writer) => !isFixed(writer));
  const isKey = ({ place }: Writer) => keys.some((key) => key.length === 1 && key[0] === place);
  const own = values.find(isKey) ?? values[0];
  if (!own) return undefined;
  const others = values.filter((other) => other !== own).map(({ key }) => key);
  if (others.length > 0) return { key: own.key, others, around: undefined };
  const textOf = (from: number, to?: number) =>
    writers
      .slice(from, to)
      .map(({ first, next, constant }, index) => {
        const before = from + index === 0 ? first : next;
        return before + (constant ?? quoteJson(typename));
      })
      .join('');
  const place = writers.indexOf(own);
  const before = `{${textOf(0, place)}${place === 0 ? own.first : own.next}`;
  return { key: own.key, others, around: { before, after: `${textOf(place + 1)}}` } };
}

function isSame(one: Identity['around'], other: Identity['around']): boolean {
  return one !== undefined && one.before === other?.before && one.after === other.after;
}

const onType = '... on ';
/** Subgraphs answer with names of the supergraph, or with nonsense: of that, nothing is kept. */
const maxKeptTypes = 200;

function compileSelections(
  selections: Selections,
  types: SupergraphTypes,
  outer = '',
  constantOf: (type: string | undefined, key: string) => string | undefined = () => undefined,
) {
  const writersByType = new Map<string | undefined, readonly Writer[]>();
  const writersOf = (type: string | undefined): readonly Writer[] => {
    let writers = writersByType.get(type);
    if (!writers) {
      writers = [...collect(selections, type, types)].map(([key, { name, below }]) => ({
        first: `${JSON.stringify(name)}:`,
        next: `,${JSON.stringify(name)}:`,
        key,
        constant: constantOf(type, key),
        place: `${outer}/${key}`,
        below: below.length > 0 ? compileSelections(below, types, `${outer}/${key}`).write : undefined,
      }));
      if (writersByType.size < maxKeptTypes) writersByType.set(type, writers);
    }
    return writers;
  };
  const write: TypedWriter = (object, typename, isAskedFor) => {
    const writers = writersOf(typename);
    let text = '';
    for (const { first, next, key, place, constant, below } of writers) {
      const value = read(object, key);
      const written = constant ?? writeValue(value, below, isAskedFor);
      if (written !== undefined) text += (text === '' ? first : next) + written;
      else if (value !== undefined || isAskedFor(place)) return undefined;
    }
    return `{${text}}`;
  };
  return { write, writersOf };
}

/** The fields of an object of `type`, by response key, with the selections below. Without a type: all of them. */
function collect(
  selections: Selections,
  type: string | undefined,
  types: SupergraphTypes,
  fields = new Map<string, { name: string; below: QueryPlanSelectionNode[] }>(),
) {
  for (const selection of selections) {
    if (selection.kind === 'Field') {
      const key = selection.alias ?? selection.name;
      const field = fields.get(key) ?? { name: selection.name, below: [] };
      field.below.push(...(selection.selections ?? []));
      fields.set(key, field);
    } else {
      const { typeCondition } = selection;
      if (type === undefined || typeCondition === undefined || types.isSubtype(typeCondition, type)) {
        collect(selection.selections, type, types, fields);
      }
    }
  }
  return fields;
}

function writeValue(
  value: unknown,
  below: TypedWriter | undefined,
  isAskedFor: (place: string) => boolean,
): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value === 'number') return String(value);
  if (value === null || !below) return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = '[';
    for (const [index, item] of value.entries()) {
      const written = writeValue(item, below, isAskedFor);
      if (written === undefined) return undefined;
      text += index === 0 ? written : `,${written}`;
    }
    return `${text}]`;
  }
  if (!isObject(value)) return undefined;
  const { __typename: typename } = value;
  return below(value, typeof typename === 'string' ? typename : undefined, isAskedFor);
}
