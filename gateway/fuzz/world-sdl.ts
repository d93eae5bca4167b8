import {
  type ArgumentModel,
  type FieldModel,
  getType,
  isOwnedBy,
  namedTypeOf,
  ownersOf,
  type TypeModel,
  type World,
} from './world.ts';

const header = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@interfaceObject"])`;

/** The SDL of one subgraph of a world. */
export function writeSubgraphSdl(world: World, subgraph: string): string {
  const texts = world.types
    .filter((type) => type.in.includes(subgraph))
    .map((type) => writeType(world, type, subgraph));
  const unions = world.unions
    .filter(({ in: members }) => (members[subgraph] ?? []).length > 0)
    .map(({ name, in: members }) => `union ${name} = ${members[subgraph]?.join(' | ')}`);
  const parts = [header, ...texts, ...unions].filter((text) => text !== '');
  return [...parts, ...writeInputTypes(world, parts.join('\n'))].join('\n\n');
}

/** The fields that a subgraph declares of an interface: those that a type of the interface owns there. */
export function interfaceFieldsIn(world: World, type: TypeModel, subgraph: string): FieldModel[] {
  if (type.objectIn?.includes(subgraph)) return type.fields.filter((field) => field.in[subgraph]);
  const own = implementersIn(world, type.name, subgraph).flatMap(({ fields }) =>
    fields.filter((field) => isOwnedBy(field, subgraph)),
  );
  return type.fields.filter(({ name }) => own.some((field) => field.name === name));
}

function implementersIn(world: World, name: string, subgraph: string): TypeModel[] {
  return world.types.filter((type) => type.implements.includes(name) && type.in.includes(subgraph));
}

function writeType(world: World, type: TypeModel, subgraph: string): string {
  const isObject = type.objectIn?.includes(subgraph) === true;
  const isInterface = type.kind === 'interface' && !isObject;
  const fields =
    type.kind === 'interface'
      ? interfaceFieldsIn(world, type, subgraph).map((field) =>
          isInterface ? writeSignature(field) : writeField(type, field, subgraph),
        )
      : writeObjectFields(world, type, subgraph);
  if (fields.length === 0) return '';
  const interfaces = type.implements.filter((name) => isInterfaceIn(world, name, subgraph));
  const isStub = type.stubIn?.includes(subgraph) === true;
  const words = [
    `${isInterface ? 'interface' : 'type'} ${type.name}`,
    interfaces.length > 0 ? `implements ${interfaces.join(' & ')}` : '',
    ...(type.keys[subgraph] ?? []).map(
      (key) => `@key(fields: ${JSON.stringify(key)}${isStub ? ', resolvable: false' : ''})`,
    ),
    isObject ? '@interfaceObject' : '',
    type.inaccessible ? '@inaccessible' : '',
  ];
  return `${words.filter((word) => word !== '').join(' ')} {\n${fields.map((field) => `  ${field}`).join('\n')}\n}`;
}

function isInterfaceIn(world: World, name: string, subgraph: string): boolean {
  const type = getType(world, name);
  return (
    type.in.includes(subgraph) &&
    !type.objectIn?.includes(subgraph) &&
    interfaceFieldsIn(world, type, subgraph).length > 0
  );
}

/** A field of an interface that the type doesn't own in this subgraph is there as an external one. */
function writeObjectFields(world: World, type: TypeModel, subgraph: string): string[] {
  const declared = type.fields.filter((field) => field.in[subgraph]);
  const needed = type.implements
    .filter((name) => isInterfaceIn(world, name, subgraph))
    .flatMap((name) => interfaceFieldsIn(world, getType(world, name), subgraph))
    .filter(({ name }) => !declared.some((field) => field.name === name))
    .map(({ name }) => type.fields.find((field) => field.name === name))
    .filter((field) => field !== undefined);
  return [
    ...declared.map((field) => writeField(type, field, subgraph)),
    ...[...new Set(needed)].map((field) => `${writeSignature(field)} @external`),
  ];
}

function writeField(type: TypeModel, field: FieldModel, subgraph: string): string {
  const placement = field.in[subgraph] ?? {};
  const isShared = !placement.external && ownersOf(field).length > 1 && isOwnedBy(field, subgraph);
  return [
    writeSignature(field),
    placement.external ? '@external' : '',
    placement.requires ? `@requires(fields: ${JSON.stringify(placement.requires)})` : '',
    placement.provides ? `@provides(fields: ${JSON.stringify(placement.provides)})` : '',
    placement.override ? `@override(from: ${JSON.stringify(placement.override)})` : '',
    isShared || (type.kind === 'value' && type.in.length > 1 && !placement.external) ? '@shareable' : '',
    field.inaccessible && !placement.external ? '@inaccessible' : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
}

function writeSignature({ name, args, type }: FieldModel): string {
  return `${name}${args.length > 0 ? `(${args.map(writeArgument).join(', ')})` : ''}: ${type}`;
}

function writeArgument({ name, type, defaultValue, inaccessible }: ArgumentModel): string {
  const value = defaultValue === undefined ? '' : ` = ${defaultValue}`;
  return `${name}: ${type}${value}${inaccessible ? ' @inaccessible' : ''}`;
}

/** Enums, input types and scalars that the SDL so far names, and those that they name. */
function writeInputTypes(world: World, sdl: string): string[] {
  const names = new Set(sdl.match(/\b\w+\b/g));
  const inputs: string[] = [];
  for (let found = true; found; ) {
    found = false;
    for (const { name, fields } of world.inputs) {
      const text = `input ${name} {\n${fields.map((field) => `  ${writeArgument(field)}`).join('\n')}\n}`;
      if (!names.has(name) || inputs.includes(text)) continue;
      inputs.push(text);
      for (const { type } of fields) names.add(namedTypeOf(type));
      found = true;
    }
  }
  const enums = world.enums
    .filter(({ name }) => names.has(name))
    .map(({ name, values, inaccessible }) => {
      const lines = values.map(
        (value) => `  ${value}${inaccessible.includes(value) ? ' @inaccessible' : ''}`,
      );
      return `enum ${name} {\n${lines.join('\n')}\n}`;
    });
  const scalars = world.scalars.filter((name) => names.has(name)).map((name) => `scalar ${name}`);
  return [...inputs, ...enums, ...scalars];
}
