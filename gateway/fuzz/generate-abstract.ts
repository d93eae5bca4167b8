import type { FieldModel, TypeModel } from './world.ts';
import { addField, randomType, type WorldBuilder, wrapType } from './world-builder.ts';

/** Interfaces over entities and value types. A common field may be stricter in one of the types. */
export function addInterfaces(builder: WorldBuilder): void {
  const { world, random } = builder;
  for (let index = random.below(3); index > 0; index -= 1) {
    const types = world.types.filter(isPlain);
    const members = random.shuffle(types).slice(0, random.between(2, 3));
    if (members.length < 2) return;
    const name = `Face${index}`;
    const face: TypeModel = { name, kind: 'interface', in: [], implements: [], keys: {}, fields: [] };
    for (let count = random.between(1, 2); count > 0; count -= 1) {
      const fieldType = randomType(builder, { leafShare: 0.8 });
      const fieldName = `f${builder.used++}`;
      let args: FieldModel['args'] | undefined;
      for (const member of members) {
        const stricter = !fieldType.endsWith('!') && random.chance(0.3) ? `${fieldType}!` : fieldType;
        const owners = member.kind === 'value' ? member.in : [random.pick(member.in)];
        const field = addField(builder, member, owners, stricter, fieldName);
        if (!field) continue;
        args ??= field.args;
        field.args = args;
      }
      face.fields.push({ name: fieldName, type: fieldType, args: args ?? [], in: {} });
    }
    for (const member of members) member.implements.push(name);
    world.types.push(face);
  }
}

function isPlain({ name, kind, implements: interfaces, in: homes }: TypeModel): boolean {
  return (
    name !== 'KeyRef' &&
    (kind === 'value' || kind === 'entity') &&
    !interfaces.includes('Media') &&
    (kind === 'value' || homes.length > 0)
  );
}

export function addUnions({ world, random }: WorldBuilder): void {
  for (let index = random.below(3); index > 0; index -= 1) {
    const members = random.shuffle(world.types.filter(isPlain)).slice(0, random.between(2, 4));
    if (members.length > 1)
      world.unions.push({ name: `Any${index}`, members: members.map(({ name }) => name), in: {} });
  }
}

/**
 * An entity interface: one subgraph knows its types, others see it as one object type and add fields to all of them
 * (@interfaceObject).
 */
export function addEntityInterface(builder: WorldBuilder): void {
  const { world, random } = builder;
  const [home = '', ...others] = random.shuffle(world.subgraphs);
  const objectIn = random.pickSome(others);
  const everywhere = Object.fromEntries([home, ...objectIn].map((name) => [name, {}]));
  const id = (): FieldModel => ({
    name: 'id',
    type: 'ID!',
    args: [],
    in: { ...everywhere },
    identifies: 'alone',
  });
  const media: TypeModel = {
    name: 'Media',
    kind: 'interface',
    in: [home, ...objectIn],
    implements: [],
    keys: Object.fromEntries([home, ...objectIn].map((name) => [name, ['id']])),
    fields: [id()],
    objectIn,
  };
  const common = {
    name: `f${builder.used++}`,
    type: wrapType(random.pick(['Int', 'String', 'Size']), random),
    args: [],
  };
  media.fields.push({ ...common, in: { [home]: {} } });
  world.types.push(media);
  for (const name of ['Media1', 'Media2', 'Media3'].slice(0, random.between(2, 3))) {
    const type: TypeModel = {
      name,
      kind: 'entity',
      in: [home],
      implements: ['Media'],
      keys: { [home]: ['id'] },
      fields: [id(), { ...common, in: { [home]: {} } }],
    };
    world.types.push(type);
    if (random.chance(0.7)) addField(builder, type, [home], randomType(builder, {}));
  }
  for (const subgraph of objectIn) {
    for (let count = random.between(1, 2); count > 0; count -= 1) {
      addField(builder, media, [subgraph], randomType(builder, {}));
    }
  }
}
