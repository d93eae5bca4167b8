import {
  type FieldNode,
  Kind,
  parse,
  parseType,
  type SelectionSetNode,
  type TypeNode,
  valueFromASTUntyped,
} from 'graphql';
import { createRandom, hashText, type Random } from './random.ts';
import {
  type FieldModel,
  findField,
  findType,
  getType,
  namedTypeOf,
  ownersOf,
  possibleTypes,
  type World,
} from './world.ts';

/** An object of the data. `uid` is `User:2` for an entity, and the path from one for a value. */
export type ObjectValue = { readonly typename: string; readonly uid: string };

/**
 * The data of a world. Nothing is stored: the seed, the object, the field and its arguments decide each value, so that every
 * subgraph and the truth see the same.
 */
export type WorldData = {
  /** `moment` tells calls of one mutation apart. Objects are `ObjectValue`; lists and leaves are plain. */
  valueOf(
    object: ObjectValue,
    field: string,
    args: Readonly<Record<string, unknown>>,
    moment?: string,
  ): unknown;
  /** The values of a field set, as a subgraph gets them in a representation. */
  select(object: ObjectValue, selections: SelectionSetNode): Record<string, unknown>;
  /** Every object of an entity type, or of the types of an entity interface. */
  instancesOf(typeName: string): ObjectValue[];
};

export const queryRoot: ObjectValue = { typename: 'Query', uid: 'Query' };
export const mutationRoot: ObjectValue = { typename: 'Mutation', uid: 'Mutation' };

export function createWorldData(world: World): WorldData {
  const fields = new Map<string, FieldModel>();
  const possible = new Map<FieldModel, string[]>();

  const getField = (typeName: string, name: string) => {
    const coordinate = `${typeName}.${name}`;
    let field = fields.get(coordinate);
    if (!field) {
      field = findField(world, typeName, name);
      if (!field) throw new Error(`The world has no field ${coordinate}.`);
      fields.set(coordinate, field);
    }
    return field;
  };
  const getPossible = (field: FieldModel) => {
    let types = possible.get(field);
    if (!types) {
      const name = namedTypeOf(field.type);
      const [first = [], ...others] = ownersOf(field).map((owner) => possibleTypes(world, name, owner));
      types = first.filter((type) => others.every((list) => list.includes(type)));
      possible.set(field, types);
    }
    return types;
  };

  const findValue: WorldData['valueOf'] = (object, name, args, moment = '') => {
    const field = getField(object.typename, name);
    if (field.identifies) return identify(field, object);
    const shown = textOf(field, args);
    const key = `${object.uid}.${name}${shown}${moment}`;
    const requires = Object.values(field.in).find((placement) => placement.requires)?.requires;
    const required = requires ? JSON.stringify(select(object, parseFieldSet(requires))) : '';
    const random = createRandom(hashText(`${world.seed} ${key} ${required}`));
    return make(readType(field.type), field, key, random);
  };
  const make = (type: TypeNode, field: FieldModel, key: string, random: Random): unknown => {
    if (type.kind === Kind.NON_NULL_TYPE) return makePresent(type.type, field, key, random);
    return random.chance(world.data.nullShare) ? null : makePresent(type, field, key, random);
  };
  const makePresent = (type: TypeNode, field: FieldModel, key: string, random: Random): unknown => {
    if (type.kind === Kind.LIST_TYPE) {
      const length = random.below(world.data.maxList + 1);
      return Array.from({ length }, (_, index) => make(type.type, field, `${key}[${index}]`, random));
    }
    const name = namedTypeOf(field.type);
    const values = world.enums.find((one) => one.name === name)?.values;
    if (values) return random.pick(values);
    if (!findType(world, name) && !world.unions.some((union) => union.name === name))
      return leaf(name, random);
    const types = getPossible(field);
    const typename = types.length > 0 ? random.pick(types) : name;
    return getType(world, typename).kind === 'entity'
      ? { typename, uid: `${typename}:${random.below(world.data.instances)}` }
      : { typename, uid: key };
  };
  const select = (object: ObjectValue, selections: SelectionSetNode): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet } = selection;
        if (name.value === '__typename') continue;
        const value = findValue(object, name.value, argumentsOf(selection));
        result[name.value] = selectionSet ? mapObjects(value, (inner) => select(inner, selectionSet)) : value;
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        if (!condition || isA(world, object.typename, condition)) {
          Object.assign(result, select(object, selection.selectionSet));
        }
      }
    }
    return result;
  };
  const instancesOf = (typeName: string) =>
    world.types
      .filter(({ name, implements: all }) => name === typeName || all.includes(typeName))
      .filter(({ kind }) => kind === 'entity')
      .flatMap(({ name: typename }) =>
        Array.from({ length: world.data.instances }, (_, index) => ({
          typename,
          uid: `${typename}:${index}`,
        })),
      );
  return { valueOf: findValue, select, instancesOf };
}

/** Whether an object type is of a type condition. */
export function isA(world: World, typename: string, condition: string): boolean {
  return (
    typename === condition ||
    findType(world, typename)?.implements.includes(condition) === true ||
    world.unions.some(({ name, members }) => name === condition && members.includes(typename))
  );
}

const readTypes = new Map<string, TypeNode>();
function readType(text: string): TypeNode {
  let type = readTypes.get(text);
  if (!type) {
    type = parseType(text, { noLocation: true });
    readTypes.set(text, type);
  }
  return type;
}

const fieldSets = new Map<string, SelectionSetNode>();
/** Parses a field set as @key and @requires have it: `id owner { id }`. */
export function parseFieldSet(text: string): SelectionSetNode {
  let selections = fieldSets.get(text);
  if (!selections) {
    const [definition] = parse(`{${text}}`, { noLocation: true }).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`'${text}' is no field set.`);
    selections = definition.selectionSet;
    fieldSets.set(text, selections);
  }
  return selections;
}

export function argumentsOf(field: FieldNode): Record<string, unknown> {
  return Object.fromEntries(
    (field.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
  );
}

/** Applies `map` to each object in nested lists. Null stays null, and so does an error at the place of an item. */
export function mapObjects(value: unknown, map: (object: ObjectValue) => unknown): unknown {
  if (value instanceof Error) return value;
  if (Array.isArray(value)) return value.map((item) => mapObjects(item, map));
  return value === null || value === undefined ? null : map(value as ObjectValue);
}

/** Arguments that clients don't see stay out: the truth knows none of them. */
function textOf(field: FieldModel, args: Readonly<Record<string, unknown>>): string {
  const shown = field.args
    .filter(({ name, inaccessible }) => !inaccessible && Object.hasOwn(args, name))
    .map(({ name }) => `${name}:${canonical(args[name])}`);
  return shown.length > 0 ? `(${shown.join(',')})` : '';
}

/** JSON with sorted keys: the order in which input fields arrive says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

function identify(field: FieldModel, object: ObjectValue): unknown {
  const [, digits] = /:(\d+)$/.exec(object.uid) ?? [];
  const index = digits === undefined ? hashText(object.uid) % 1_000_000 : Number(digits);
  const isNumber = namedTypeOf(field.type) === 'Int';
  if (field.identifies === 'partly') return isNumber ? index % 2 : `part-${index % 2}`;
  return isNumber ? index * 7 + 1 : `${object.uid}-${field.name}`;
}

const oddTexts = ['', 'é\u2028"\\', 'null', '__proto__', '<b>&amp;</b>', '\ud83d\ude80', '0'];

function leaf(name: string, random: Random): unknown {
  switch (name) {
    case 'Int':
      return random.chance(0.1) ? random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31)]) : random.below(1000);
    case 'Float':
      return random.chance(0.2) ? random.pick([0, 1e21, -0.5, 1.5e-7]) : random.below(1000) / 8;
    case 'Boolean':
      return random.chance(0.5);
    case 'ID':
    case 'String':
      return random.chance(0.15) ? random.pick(oddTexts) : `text ${random.below(10_000)}`;
    default:
      return random.pick<unknown>([
        7,
        'free text',
        true,
        [1, [null, 'x']],
        { a: 1, __typename: 'Odd', b: { c: [] } },
        JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
      ]);
  }
}
