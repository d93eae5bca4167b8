import { addEntityInterface, addInterfaces, addUnions } from './generate-abstract.ts';
import { addEntities, addKeys, addProvides, addRequires } from './generate-entities.ts';
import type { Random } from './random.ts';
import type { TypeModel, World } from './world.ts';
import { addField, randomType, type WorldBuilder } from './world-builder.ts';

/**
 * A random federated graph. It may not compose: then the caller takes the next. Every part of federation that the gateway
 * executes occurs in some worlds.
 */
export function generateWorld(random: Random): World {
  const subgraphs = ['a', 'b', 'c', 'd', 'e'].slice(0, random.between(2, 5));
  const world: World = {
    seed: random.below(2 ** 31),
    data: {
      instances: random.between(2, 4),
      maxList: random.between(1, 4),
      nullShare: random.pick([0, 0.1, 0.3]),
    },
    subgraphs,
    types: [],
    unions: [],
    enums: [
      { name: 'Color', values: ['RED', 'GREEN', 'BLUE'], inaccessible: random.chance(0.2) ? ['BLUE'] : [] },
      { name: 'Size', values: ['S', 'M', 'constructor'], inaccessible: [] },
    ],
    inputs: makeInputs(random),
    scalars: ['Anything'],
  };
  const builder: WorldBuilder = { world, random, used: 0 };
  addValueTypes(builder);
  addEntities(builder);
  addKeys(builder);
  if (random.chance(0.4)) addEntityInterface(builder);
  addInterfaces(builder);
  addUnions(builder);
  addFields(builder);
  addRoots(builder);
  for (let count = random.below(3); count > 0; count -= 1) addRequires(builder);
  for (let count = random.below(3); count > 0; count -= 1) addProvides(builder);
  addOverrides(builder);
  hideSome(builder);
  return world;
}

function makeInputs(random: Random): World['inputs'] {
  return [
    {
      name: 'Filter',
      fields: [
        { name: 'text', type: random.pick(['String', 'String!']) },
        { name: 'limit', type: random.pick(['Int', 'Int!']), defaultValue: '5' },
        { name: 'colors', type: random.pick(['[Color!]', '[Color]', '[[Color!]!]']) },
        { name: 'inner', type: 'Filter' },
        { name: 'range', type: 'Range', defaultValue: '{from: 1}' },
      ],
    },
    {
      name: 'Range',
      fields: [
        { name: 'from', type: 'Float!' },
        { name: 'to', type: 'Float' },
        { name: 'note', type: 'Anything' },
      ],
    },
  ];
}

function addValueTypes({ world, random }: WorldBuilder): void {
  for (let index = random.between(1, 3); index > 0; index -= 1) {
    world.types.push({ name: `Value${index}`, kind: 'value', in: [], implements: [], keys: {}, fields: [] });
  }
}

/** Fields of value types stand in every subgraph that has the type, those of entities in one or two. */
function addFields(builder: WorldBuilder): void {
  const { world, random } = builder;
  for (const type of world.types.filter(({ kind }) => kind === 'value')) {
    for (let count = random.between(1, 4); count > 0; count -= 1) {
      addField(builder, type, type.in, randomType(builder, { leafShare: type.in.length === 0 ? 1 : 0.75 }));
    }
  }
  for (const type of world.types.filter(({ kind, in: homes }) => kind === 'entity' && homes.length > 0)) {
    for (const home of type.in.filter((name) => !type.stubIn?.includes(name))) {
      for (let count = random.below(4); count > 0; count -= 1) {
        const owners = random.chance(0.2) ? [home, random.pick(type.in)] : [home];
        const shared = owners.filter((name) => !type.stubIn?.includes(name));
        addField(builder, type, [...new Set(shared)], randomType(builder, {}));
      }
    }
  }
}

function addRoots(builder: WorldBuilder): void {
  const { world, random } = builder;
  const addRoot = (name: string, subgraphs: readonly string[], fieldsEach: number) => {
    const root: TypeModel = { name, kind: 'root', in: [], implements: [], keys: {}, fields: [] };
    world.types.push(root);
    for (const subgraph of subgraphs) {
      for (let count = random.between(1, fieldsEach); count > 0; count -= 1) {
        const isShared = name === 'Query' && random.chance(0.15);
        const owners = isShared ? random.pickSome(world.subgraphs) : [subgraph];
        addField(builder, root, owners, randomType(builder, { leafShare: 0.2 }));
      }
    }
  };
  addRoot('Query', random.pickSome(world.subgraphs), 3);
  if (random.chance(0.6)) addRoot('Mutation', random.pickSome(world.subgraphs), 2);
}

/** A field moves from one subgraph to another. The old one still declares it, and must not be asked. */
function addOverrides({ world, random }: WorldBuilder): void {
  for (const type of world.types.filter(({ kind }) => kind === 'entity')) {
    for (const field of type.fields) {
      const [owner, ...others] = Object.keys(field.in);
      const plain =
        owner !== undefined && others.length === 0 && !field.identifies && !field.in[owner]?.requires;
      const newHome = type.in.find(
        (name) => name !== owner && type.keys[name] && !type.stubIn?.includes(name),
      );
      if (!plain || !newHome || !random.chance(0.06) || isInInterface(world, type, field.name)) continue;
      field.in[newHome] = { override: owner };
    }
  }
}

function isInInterface(world: World, type: TypeModel, name: string): boolean {
  return type.implements.some((one) =>
    world.types.some((other) => other.name === one && other.fields.some((field) => field.name === name)),
  );
}

function hideSome({ world, random }: WorldBuilder): void {
  for (const type of world.types) {
    for (const field of type.fields) {
      const isNeeded = type.fields.filter((other) => !other.inaccessible).length < 2;
      if (
        !isNeeded &&
        type.kind !== 'interface' &&
        !isInInterface(world, type, field.name) &&
        random.chance(0.05)
      ) {
        field.inaccessible = true;
      }
      for (const argument of field.args) {
        if (!argument.type.endsWith('!') && random.chance(0.06)) argument.inaccessible = true;
      }
    }
  }
}
