import type { Random } from './random.ts';
import {
  type ArgumentModel,
  type FieldModel,
  findType,
  namedTypeOf,
  type TypeModel,
  type World,
} from './world.ts';

/** A world in the making. `used` numbers its fields. */
export type WorldBuilder = { world: World; random: Random; used: number };

/**
 * Adds a field to a type in these subgraphs, and to them whatever the type of the field needs. A value type has its fields
 * wherever it is.
 *
 * @returns the field, or undefined where one of the subgraphs can't know the type
 */
export function addField(
  builder: WorldBuilder,
  type: TypeModel,
  subgraphs: readonly string[],
  fieldType: string,
  name = `f${builder.used++}`,
): FieldModel | undefined {
  const { world } = builder;
  if (!subgraphs.every((subgraph) => mayKnow(world, namedTypeOf(fieldType), subgraph))) return undefined;
  const field: FieldModel = {
    name,
    type: fieldType,
    args: randomArguments(builder),
    in: Object.fromEntries(subgraphs.map((subgraph) => [subgraph, {}])),
  };
  type.fields.push(field);
  for (const subgraph of subgraphs) {
    ensureType(builder, type.name, subgraph);
    ensureType(builder, namedTypeOf(fieldType), subgraph);
  }
  return field;
}

/** Whether the named type can be declared in a subgraph: the types of an entity interface can't stand beside its object type. */
export function mayKnow(world: World, name: string, subgraph: string): boolean {
  const type = findType(world, name);
  return !type?.implements.some((one) => findType(world, one)?.objectIn?.includes(subgraph));
}

/** Has a subgraph declare a type, with what that needs: a key, every field of a value type, members of a union. */
export function ensureType(builder: WorldBuilder, name: string, subgraph: string): void {
  const { world, random } = builder;
  const union = world.unions.find((one) => one.name === name);
  if (union) {
    if (union.in[subgraph]) return;
    const [first = '', ...others] = union.members;
    const members = [first, ...(random.chance(0.7) ? others : random.pickSome(others, 0))];
    union.in[subgraph] = members;
    for (const member of members) ensureType(builder, member, subgraph);
    return;
  }
  const type = findType(world, name);
  if (!type || type.in.includes(subgraph)) return;
  type.in.push(subgraph);
  if (type.kind === 'entity') ensureKey(builder, type, subgraph);
  if (type.kind === 'value') {
    for (const field of type.fields) {
      field.in[subgraph] = {};
      ensureType(builder, namedTypeOf(field.type), subgraph);
    }
  }
  if (type.kind === 'interface') {
    if (type.objectIn?.includes(subgraph)) return;
    for (const other of world.types.filter((one) => one.implements.includes(name))) {
      ensureType(builder, other.name, subgraph);
    }
  }
}

/** An entity that a subgraph only refers to: it knows a key, and may resolve it. */
function ensureKey(builder: WorldBuilder, type: TypeModel, subgraph: string): void {
  const known = Object.values(type.keys).flat();
  const key = builder.random.chance(0.7) ? known[0] : builder.random.pick(known);
  if (key === undefined) throw new Error(`${type.name} has no key.`);
  type.keys[subgraph] = [key];
  if (builder.random.chance(0.4)) type.stubIn = [...(type.stubIn ?? []), subgraph];
  placeKeyFields(builder, type, subgraph, key);
}

/** Declares the fields of a key in a subgraph. */
export function placeKeyFields(builder: WorldBuilder, type: TypeModel, subgraph: string, key: string): void {
  for (const [, name, inner] of key.matchAll(/(\w+)(?: \{([^}]*)\})?/g)) {
    const field = type.fields.find((one) => one.name === name);
    if (!field) continue;
    field.in[subgraph] ??= {};
    ensureType(builder, namedTypeOf(field.type), subgraph);
    const target = inner && findType(builder.world, namedTypeOf(field.type));
    if (target) placeKeyFields(builder, target, subgraph, inner);
  }
}

const leaves = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Color', 'Size', 'Anything'];

/** A random type of a field, as SDL. `leafShare`: how often it is a leaf. */
export function randomType({ world, random }: WorldBuilder, { leafShare = 0.55 }): string {
  // Types of an entity interface are reached by it, since not every subgraph may name them.
  const types = world.types.filter(
    (type) => type.kind !== 'root' && type.implements.every((name) => !findType(world, name)?.objectIn),
  );
  const composites = [
    ...types.map(({ name }) => name),
    ...types.filter(({ kind }) => kind === 'interface' || kind === 'entity').map(({ name }) => name),
    ...world.unions.map(({ name }) => name),
  ];
  const isLeaf = composites.length === 0 || random.chance(leafShare);
  return wrapType(random.pick(isLeaf ? leaves : composites), random);
}

export function wrapType(name: string, random: Random): string {
  const required = (share: number) => (random.chance(share) ? '!' : '');
  const choice = random.next();
  if (choice < 0.6) return `${name}${required(0.4)}`;
  if (choice < 0.93) return `[${name}${required(0.5)}]${required(0.4)}`;
  return `[[${name}${required(0.5)}]${required(0.5)}]${required(0.4)}`;
}

const inputTypes = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Color', 'Filter', 'Range', 'Anything'];
const defaults: Record<string, readonly string[]> = {
  Int: ['3', '0'],
  Float: ['1.5'],
  String: ['"x"', '""'],
  Boolean: ['true'],
  ID: ['"id"'],
  Color: ['RED'],
  Filter: ['{text: "t"}'],
  Range: ['{from: 0, to: 1.5}'],
  Anything: ['{a: [1]}'],
};

function randomArguments({ random }: WorldBuilder): ArgumentModel[] {
  if (!random.chance(0.3)) return [];
  const names = random.pickSome(['first', 'id', 'representations', 'filter'], 1).slice(0, 2);
  return names.map((name) => {
    const named = random.pick(inputTypes);
    const type = wrapType(named, random);
    const values = defaults[named] ?? [];
    const hasDefault = !type.startsWith('[') && values.length > 0 && random.chance(0.35);
    return { name, type, ...(hasDefault && { defaultValue: random.pick(values) }) };
  });
}
