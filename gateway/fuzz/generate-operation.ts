import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { createValueWriter } from './generate-values.ts';
import type { Random } from './random.ts';

/** A random operation. It may be invalid in rare cases: two fields under one key that can't be merged. */
export type GeneratedOperation = {
  source: string;
  variables: Record<string, unknown>;
  operationName?: string;
};

/** Keys that a gateway may use itself, that JavaScript knows, or that mean something else in an entity. */
const oddAliases = [
  '__typename',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'id',
  'code',
  'ref',
  '_entities',
  'representations',
  '_0_id',
  '__alias_0',
  '_r0',
  'then',
  'toJSON',
  'length',
];

/** What stands under a response key in one place of the answer. */
type Scope = Map<string, { signature: string; parent: string; inner: Scope }>;

const maxDepth = 5;

export type OperationShares = {
  /** Of mutations among operations, where the schema has both. */
  mutations: number;
  /** Of selections that have `@skip` or `@include`. */
  conditions: number;
};
export const usualShares: OperationShares = { mutations: 0.2, conditions: 0.12 };

export function generateOperation(
  schema: GraphQLSchema,
  random: Random,
  shares: OperationShares = usualShares,
): GeneratedOperation {
  const values = createValueWriter(random);
  const fragments: { name: string; type: string; text: string; depth: number }[] = [];
  let budget = random.between(3, 24);

  const writeSet = (type: GraphQLCompositeType, depth: number, scope: Scope): string => {
    const count = random.between(1, depth === 0 ? 4 : 5);
    const selections = Array.from({ length: count }, () => writeSelection(type, depth, scope));
    const written = selections.filter((text) => text !== '');
    return `{ ${written.length > 0 ? written.join(' ') : '__typename'} }`;
  };
  const writeSelection = (type: GraphQLCompositeType, depth: number, scope: Scope): string => {
    budget -= 1;
    const choice = random.next();
    if (isUnionType(type) ? choice < 0.75 : choice < (isInterfaceType(type) ? 0.35 : 0.15)) {
      return depth < maxDepth && budget > 0 ? writeFragment(type, depth, scope) : writeTypename(scope, type);
    }
    if (isUnionType(type) || choice > 0.93) return writeTypename(scope, type);
    const fields = Object.values(type.getFields());
    const leaves = fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const candidates = budget > 0 && depth < maxDepth ? fields : leaves;
    return candidates.length > 0
      ? writeField(type, random.pick(candidates), depth, scope)
      : writeTypename(scope, type);
  };
  const writeTypename = (scope: Scope, type: GraphQLCompositeType): string => {
    const alias = random.chance(0.25) ? random.pick([...oddAliases, 'kind']) : undefined;
    return claim(scope, alias ?? '__typename', '__typename', type)
      ? `${alias && alias !== '__typename' ? `${alias}: ` : ''}__typename${directives()}`
      : '';
  };
  const writeField = (
    type: GraphQLCompositeType,
    field: GraphQLField<unknown, unknown>,
    depth: number,
    scope: Scope,
  ): string => {
    const args = values.writeArguments(field.args);
    const signature = `${field.name}${args}: ${field.type}`;
    const alias = random.chance(0.3)
      ? random.chance(0.5)
        ? random.pick(oddAliases)
        : `${field.name}_${random.below(3)}`
      : undefined;
    let key = alias ?? field.name;
    let entry = claim(scope, key, signature, type);
    if (!entry) {
      key = `${field.name}_${scope.size}x`;
      entry = claim(scope, key, signature, type);
    }
    if (!entry) return '';
    const named = getNamedType(field.type);
    const inner = isCompositeType(named) ? ` ${writeSet(named, depth + 1, entry.inner)}` : '';
    return `${key === field.name ? '' : `${key}: `}${field.name}${args}${directives()}${inner}`;
  };
  const writeFragment = (type: GraphQLCompositeType, depth: number, scope: Scope): string => {
    if (random.chance(0.15)) return `...${directives()} ${writeSet(type, depth + 1, scope)}`;
    const condition = random.pick(overlapping(schema, type));
    if (random.chance(0.7)) {
      return `... on ${condition.name}${directives()} ${writeSet(condition, depth + 1, scope)}`;
    }
    const known = fragments.filter((one) => one.type === condition.name && one.depth >= depth);
    if (known.length > 0 && random.chance(0.5)) return `...${random.pick(known).name}${directives()}`;
    const text = writeSet(condition, depth + 1, scope);
    const name = `${random.pick(['part', '_0_F', 'constructor', '__proto__'])}${fragments.length}`;
    fragments.push({ name, type: condition.name, text, depth });
    return `...${name}${directives()}`;
  };
  const directives = (): string => {
    if (random.chance(1 - shares.conditions)) return '';
    const skip = () => ` @skip(if: ${values.writeCondition()})`;
    const include = () => ` @include(if: ${values.writeCondition()})`;
    return random.pick([skip, include, () => skip() + include()])();
  };
  /** One key may stand for two fields where no object has both, which is tried now and then. */
  const claim = (scope: Scope, key: string, signature: string, parent: GraphQLCompositeType) => {
    const entry = scope.get(key);
    if (!entry) {
      const made = { signature, parent: parent.name, inner: new Map() };
      scope.set(key, made);
      return made;
    }
    if (entry.signature === signature) return entry;
    const mayDiffer = isObjectType(parent) && entry.parent !== parent.name && random.chance(0.3);
    return mayDiffer ? { signature, parent: parent.name, inner: new Map() } : undefined;
  };

  const mutation = schema.getMutationType();
  const query = schema.getQueryType();
  const isMutation = mutation && (!query || random.chance(shares.mutations));
  const root = isMutation ? mutation : query;
  if (!root) throw new Error('The schema has no operations.');
  const body = writeSet(root, 0, new Map());
  const operationName = random.chance(0.5) ? random.pick(['Asked', '__proto__', 'query']) : undefined;
  const text = [body, ...fragments.map((fragment) => fragment.text)].join(' ');
  // A selection that was given up may have been the only one to use a variable.
  const used = values.variables.filter(({ name }) => new RegExp(`\\$${name}\\b`).test(text));
  const variables = used.map(
    ({ name, type, defaultValue }) =>
      `$${name}: ${type}${defaultValue === undefined ? '' : ` = ${defaultValue}`}`,
  );
  const head = `${isMutation ? 'mutation' : 'query'} ${operationName ?? ''}${variables.length > 0 ? `(${variables.join(', ')})` : ''}`;
  const source = [
    `${head} ${body}`,
    ...fragments.map((part) => `fragment ${part.name} on ${part.type} ${part.text}`),
  ];
  const given = used.filter(({ value }) => value !== undefined);
  return {
    source: source.join('\n'),
    // Own properties, also one called __proto__.
    variables: Object.fromEntries(given.map(({ name, value }) => [name, value])),
    ...(operationName !== undefined && { operationName }),
  };
}

/** Types that a fragment may name where `type` stands. */
function overlapping(schema: GraphQLSchema, type: GraphQLCompositeType): GraphQLCompositeType[] {
  const objects = new Set(isAbstractType(type) ? schema.getPossibleTypes(type) : [type]);
  return Object.values(schema.getTypeMap()).filter(
    (other): other is GraphQLCompositeType =>
      isCompositeType(other) &&
      !other.name.startsWith('__') &&
      (isAbstractType(other) ? schema.getPossibleTypes(other) : [other]).some((object) =>
        objects.has(object),
      ),
  );
}
