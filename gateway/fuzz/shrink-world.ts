import type { World } from './world.ts';

/** Makes worlds with one thing less each, large parts first. Many don't compose. */
export function smallerWorlds(world: World): (() => World)[] {
  return [...edits(world)].map((edit) => () => {
    const copy = structuredClone(world);
    edit(copy);
    return copy;
  });
}

type Edit = (copy: World) => void;

function* edits(world: World): Generator<Edit> {
  const change = (edit: Edit) => edit;
  for (const subgraph of world.subgraphs) yield change((copy) => dropSubgraph(copy, subgraph));
  for (const { name } of world.types) {
    if (name === 'Query') continue;
    yield change((copy) => {
      copy.types = copy.types.filter((type) => type.name !== name);
      for (const type of copy.types) type.implements = type.implements.filter((one) => one !== name);
      for (const union of copy.unions) {
        union.members = union.members.filter((member) => member !== name);
        for (const [subgraph, members] of Object.entries(union.in)) {
          union.in[subgraph] = members.filter((member) => member !== name);
        }
      }
    });
  }
  for (const { name } of world.unions) {
    yield change((copy) => {
      copy.unions = copy.unions.filter((union) => union.name !== name);
    });
  }
  for (const [index, type] of world.types.entries()) {
    for (const subgraph of type.in) {
      yield change((copy) => {
        const smaller = copy.types[index];
        if (!smaller) return;
        smaller.in = smaller.in.filter((name) => name !== subgraph);
        delete smaller.keys[subgraph];
        for (const field of smaller.fields) delete field.in[subgraph];
      });
    }
    for (const [at, field] of type.fields.entries()) {
      yield change((copy) => void copy.types[index]?.fields.splice(at, 1));
      for (const subgraph of Object.keys(field.in).length > 1 ? Object.keys(field.in) : []) {
        yield change((copy) => void delete copy.types[index]?.fields[at]?.in[subgraph]);
      }
      for (const argument of field.args.keys()) {
        yield change((copy) => void copy.types[index]?.fields[at]?.args.splice(argument, 1));
      }
      if (field.inaccessible) yield change((copy) => void delete copy.types[index]?.fields[at]?.inaccessible);
    }
    for (const [subgraph, keys] of Object.entries(type.keys)) {
      for (const at of keys.length > 1 ? keys.keys() : []) {
        yield change((copy) => void copy.types[index]?.keys[subgraph]?.splice(at, 1));
      }
    }
    for (const name of type.implements) {
      yield change((copy) => {
        const smaller = copy.types[index];
        if (smaller) smaller.implements = smaller.implements.filter((one) => one !== name);
      });
    }
  }
  for (const input of world.inputs) {
    yield change((copy) => {
      copy.inputs = copy.inputs.filter(({ name }) => name !== input.name);
    });
  }
  if (world.data.maxList > 1)
    yield change((copy) => {
      copy.data.maxList -= 1;
    });
  if (world.data.instances > 1)
    yield change((copy) => {
      copy.data.instances -= 1;
    });
  if (world.data.nullShare > 0)
    yield change((copy) => {
      copy.data.nullShare = 0;
    });
}

function dropSubgraph(world: World, subgraph: string): void {
  world.subgraphs = world.subgraphs.filter((name) => name !== subgraph);
  for (const type of world.types) {
    type.in = type.in.filter((name) => name !== subgraph);
    delete type.keys[subgraph];
    if (type.objectIn) type.objectIn = type.objectIn.filter((name) => name !== subgraph);
    for (const field of type.fields) delete field.in[subgraph];
    type.fields = type.fields.filter(
      (field) => Object.keys(field.in).length > 0 || type.kind === 'interface',
    );
  }
  for (const union of world.unions) delete union.in[subgraph];
}
