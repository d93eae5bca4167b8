import {
  type FieldModel,
  findType,
  getType,
  isOwnedBy,
  namedTypeOf,
  ownersOf,
  type TypeModel,
} from './world.ts';
import {
  addField,
  ensureType,
  mayKnow,
  placeKeyFields,
  randomType,
  type WorldBuilder,
} from './world-builder.ts';

/** Entity types with the fields of their keys, and a value type that nested keys go through. */
export function addEntities(builder: WorldBuilder): void {
  const { world, random } = builder;
  const add = (type: TypeModel, name: string, fieldType: string, identifies?: 'alone' | 'partly') => {
    type.fields.push({ name, type: fieldType, args: [], in: {}, ...(identifies && { identifies }) });
  };
  const keyRef: TypeModel = { name: 'KeyRef', kind: 'value', in: [], implements: [], keys: {}, fields: [] };
  add(keyRef, 'org', 'String!', 'partly');
  add(keyRef, 'number', 'Int!', 'alone');
  world.types.push(keyRef);
  const count = random.between(2, 4);
  for (let index = 1; index <= count; index += 1) {
    const type: TypeModel = {
      name: `Entity${index}`,
      kind: 'entity',
      in: [],
      implements: [],
      keys: {},
      fields: [],
    };
    add(type, 'id', 'ID!', 'alone');
    add(type, 'code', random.pick(['Int!', 'String!', 'ID!']), 'alone');
    add(type, 'part', random.pick(['Int!', 'String!']), 'partly');
    add(type, 'ref', 'KeyRef!');
    if (index > 1) add(type, 'owner', `Entity${random.between(1, index - 1)}!`);
    world.types.push(type);
  }
}

/** Gives each entity its home subgraphs, and there one or several keys. Fields of no key disappear. */
export function addKeys(builder: WorldBuilder): void {
  const { world, random } = builder;
  for (const type of world.types.filter(({ kind }) => kind === 'entity')) {
    const hasOwner = type.fields.some(({ name }) => name === 'owner');
    const candidates = [
      'id',
      'code',
      'part code',
      'ref { org number }',
      ...(hasOwner ? ['owner { id } code'] : []),
    ];
    const isChain = random.chance(0.2);
    const keys =
      !isChain && random.chance(0.5)
        ? ['id']
        : random.shuffle(candidates).slice(0, isChain ? 4 : random.between(1, 3));
    if (type.name === 'Entity1' && !keys.includes('id')) keys.unshift('id');
    const [first = 'id'] = keys;
    for (const [index, home] of random.pickSome(world.subgraphs).entries()) {
      type.in.push(home);
      // In a chain, the way from one subgraph to another leads over those between them.
      const own = isChain ? keys.slice(index % keys.length).slice(0, 2) : random.pickSome(keys);
      type.keys[home] = !isChain && random.chance(0.7) && !own.includes(first) ? [first, ...own] : own;
      for (const key of type.keys[home]) placeKeyFields(builder, type, home, key);
    }
  }
  for (const type of world.types.filter(({ kind }) => kind === 'entity')) {
    type.fields = type.fields.filter((field) => Object.keys(field.in).length > 0);
  }
}

/** A field whose value a subgraph computes from fields of other subgraphs. */
export function addRequires(builder: WorldBuilder): void {
  const { world, random } = builder;
  const entities = world.types.filter(({ kind, in: homes }) => kind === 'entity' && homes.length > 1);
  if (entities.length === 0) return;
  const type = random.pick(entities);
  const subgraph = random.pick(type.in.filter((name) => !type.stubIn?.includes(name)));
  const foreign = type.fields.filter(
    (field) =>
      !field.in[subgraph]?.requires &&
      !isOwnedBy(field, subgraph) &&
      ownersOf(field).length > 0 &&
      !field.in[subgraph]?.override,
  );
  const parts = random
    .shuffle(foreign)
    .slice(0, random.between(1, 2))
    .flatMap((field) => requireField(builder, field, subgraph));
  if (parts.length === 0) return;
  const field = addField(builder, type, [subgraph], randomType(builder, { leafShare: 0.7 }));
  if (field) field.in[subgraph] = { requires: parts.join(' ') };
}

/** Declares a field external and returns its part of a field set, or nothing where it can't be required. */
function requireField(builder: WorldBuilder, field: FieldModel, subgraph: string): string[] {
  const { world, random } = builder;
  const args = literalArguments(field);
  if (args === undefined) return [];
  const name = namedTypeOf(field.type);
  const target = findType(world, name);
  const union = world.unions.find((one) => one.name === name);
  if (!target && !union) {
    field.in[subgraph] ??= { external: true };
    return [`${field.name}${args}`];
  }
  const types = union
    ? world.types.filter((type) => union.members.includes(type.name))
    : world.types.filter((type) => type === target || type.implements.includes(name));
  const isAbstract = types.length !== 1 || types[0] !== target;
  const objects = types.filter(({ kind }) => kind !== 'interface');
  if (!objects.every((type) => mayKnow(world, type.name, subgraph))) return [];
  const parts = (isAbstract ? random.pickSome(objects) : objects).flatMap((type) => {
    const inner = type.fields.filter(
      (one) =>
        !findType(world, namedTypeOf(one.type)) && literalArguments(one) === '' && !isUnionName(builder, one),
    );
    const chosen = inner.length > 0 ? random.pickSome(inner).slice(0, 2) : [];
    return chosen.length > 0 ? [{ type, chosen }] : [];
  });
  if (parts.length === 0) return [];
  field.in[subgraph] ??= { external: true };
  ensureType(builder, name, subgraph);
  const texts = parts.map(({ type, chosen }) => {
    ensureType(builder, type.name, subgraph);
    for (const one of chosen) one.in[subgraph] ??= { external: true };
    const names = chosen.map((one) => one.name).join(' ');
    return isAbstract ? `... on ${type.name} { ${names} }` : names;
  });
  // Without it the representation does not tell of which type an object is.
  if (isAbstract) texts.unshift('__typename');
  return [`${field.name}${args} { ${texts.join(' ')} }`];
}

function isUnionName({ world }: WorldBuilder, field: FieldModel): boolean {
  return world.unions.some(({ name }) => name === namedTypeOf(field.type));
}

const literals: Record<string, string> = {
  Int: '4',
  Float: '2.5',
  String: '"r"',
  Boolean: 'false',
  ID: '"r"',
  Color: 'GREEN',
};

/** All arguments as literals, since a default would be the subgraph's to fill in. Undefined where one is not a plain leaf. */
function literalArguments(field: FieldModel): string | undefined {
  const values = field.args.map(({ name, type, inaccessible }) => {
    const literal = literals[type.replace('!', '')];
    return literal === undefined || inaccessible ? undefined : `${name}: ${literal}`;
  });
  if (values.includes(undefined)) return undefined;
  return values.length > 0 ? `(${values.join(', ')})` : '';
}

/** A path on which a subgraph resolves a field that belongs to another. */
export function addProvides(builder: WorldBuilder): void {
  const { world, random } = builder;
  const paths = world.types
    .filter(({ kind }) => kind === 'root' || kind === 'entity')
    .flatMap(({ fields }) => fields)
    .filter(
      (field) => ownersOf(field).length === 1 && findType(world, namedTypeOf(field.type))?.kind === 'entity',
    );
  if (paths.length === 0) return;
  const field = random.pick(paths);
  const [subgraph = ''] = ownersOf(field);
  const target = getType(world, namedTypeOf(field.type));
  const foreign = target.fields.filter(
    (one) =>
      (one.in[subgraph] === undefined || one.in[subgraph]?.external) &&
      ownersOf(one).length > 0 &&
      one.args.length === 0 &&
      !findType(world, namedTypeOf(one.type)) &&
      !isUnionName(builder, one) &&
      !Object.values(one.in).some(({ requires }) => requires),
  );
  if (foreign.length === 0) return;
  const provided = random.pickSome(foreign).slice(0, 2);
  for (const one of provided) one.in[subgraph] = { external: true };
  const placement = field.in[subgraph];
  if (placement) placement.provides = provided.map(({ name }) => name).join(' ');
}
