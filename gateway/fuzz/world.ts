/**
 * A random federated graph as plain data: what each subgraph declares. The SDL of the subgraphs, the data and the truth are
 * derived from it, and the shrinker removes parts of it.
 */
export type World = {
  /** Decides every value of the data. */
  seed: number;
  data: DataSizes;
  subgraphs: string[];
  types: TypeModel[];
  unions: UnionModel[];
  enums: EnumModel[];
  inputs: InputModel[];
  scalars: string[];
};

export type DataSizes = {
  /** Objects of each entity type. */
  instances: number;
  maxList: number;
  /** The share of null among values that may be null. */
  nullShare: number;
};

export type TypeModel = {
  name: string;
  /** `root`: Query or Mutation. `value`: the same fields in each subgraph that has it. */
  kind: 'root' | 'value' | 'entity' | 'interface';
  /** Subgraphs that declare the type. */
  in: string[];
  /** Interfaces that the type implements wherever both are declared. */
  implements: string[];
  /** Per subgraph, the field sets of @key. An interface with keys is an entity interface. */
  keys: Record<string, string[]>;
  fields: FieldModel[];
  /** Subgraphs in which an interface is an object type with @interfaceObject. */
  objectIn?: string[];
  /** Subgraphs that know the key only and don't resolve it. */
  stubIn?: string[];
  inaccessible?: boolean;
};

export type FieldModel = {
  name: string;
  /** As in SDL: `[Int!]`. */
  type: string;
  args: ArgumentModel[];
  /** Subgraphs that declare the field, and how. Interfaces declare what their types in a subgraph have. */
  in: Record<string, Placement>;
  inaccessible?: boolean;
  /** How the value identifies the object: alone, or together with others. Part of a key. */
  identifies?: 'alone' | 'partly';
};

export type Placement = {
  external?: boolean;
  /** A field set of @requires: the value is computed from the values of these fields. */
  requires?: string;
  provides?: string;
  /** The subgraph whose field this one replaces. */
  override?: string;
};

export type ArgumentModel = { name: string; type: string; defaultValue?: string; inaccessible?: boolean };
export type InputModel = { name: string; fields: ArgumentModel[] };
export type EnumModel = { name: string; values: string[]; inaccessible: string[] };
/** `in`: the members that each subgraph knows. */
export type UnionModel = { name: string; members: string[]; in: Record<string, string[]> };

/** The name of the type inside lists and non-nulls. */
export function namedTypeOf(type: string): string {
  return type.replace(/[[\]!]/g, '');
}

/** @throws {Error} for an unknown type. */
export function getType(world: World, name: string): TypeModel {
  const type = findType(world, name);
  if (!type) throw new Error(`The world has no type ${name}.`);
  return type;
}

export function findType(world: World, name: string): TypeModel | undefined {
  return world.types.find((type) => type.name === name);
}

/** A field of an object type, or one that an @interfaceObject adds to it. */
export function findField(world: World, typeName: string, fieldName: string): FieldModel | undefined {
  const type = findType(world, typeName);
  if (!type) return undefined;
  return (
    type.fields.find(({ name }) => name === fieldName) ??
    type.implements
      .map((name) => findType(world, name)?.fields.find((field) => field.name === fieldName))
      .find((field) => field !== undefined)
  );
}

/** Whether a subgraph declares the field as its own: not external, and not replaced by another subgraph's. */
export function isOwnedBy(field: FieldModel, subgraph: string): boolean {
  const placement = field.in[subgraph];
  if (!placement || placement.external) return false;
  return !Object.values(field.in).some(({ override }) => override === subgraph);
}

/** Subgraphs that own the field. */
export function ownersOf(field: FieldModel): string[] {
  return Object.keys(field.in).filter((subgraph) => isOwnedBy(field, subgraph));
}

/** Object types that a value of this named type can have in a subgraph. */
export function possibleTypes(world: World, name: string, subgraph: string): string[] {
  const union = world.unions.find((one) => one.name === name);
  if (union) return union.in[subgraph] ?? [];
  const type = findType(world, name);
  if (type?.kind !== 'interface') return type ? [name] : [];
  const isObject = type.objectIn?.includes(subgraph);
  return world.types
    .filter((one) => one.implements.includes(name) && (isObject || one.in.includes(subgraph)))
    .map((one) => one.name);
}
