import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import type { Random } from './random.ts';

/** A variable of an operation. `value` is undefined where the request leaves it out. */
export type Variable = { name: string; type: string; defaultValue?: string; value?: unknown };

/** Names that a gateway may use itself, or that JavaScript knows. */
const oddNames = [
  'representations',
  '__proto__',
  'constructor',
  'if',
  '_0_id',
  'query',
  'input',
  '_r0',
  'toString',
];

/** Writes the values of arguments, and collects the variables that they use. */
export type ValueWriter = {
  readonly variables: readonly Variable[];
  /** The text of the arguments of a field, with parentheses, or nothing. */
  writeArguments(declared: readonly GraphQLArgument[]): string;
  /** The condition of @skip and @include. */
  writeCondition(): string;
};

export function createValueWriter(random: Random): ValueWriter {
  const variables: Variable[] = [];

  const addVariable = (variable: Omit<Variable, 'name'>): string => {
    const odd = random.pick(oddNames);
    const isFree = random.chance(0.3) && !variables.some(({ name }) => name === odd);
    const name = isFree ? odd : `v${variables.length}`;
    variables.push({ name, ...variable });
    return `$${name}`;
  };
  const makeVariable = (type: GraphQLInputType, hasDefault: boolean): string => {
    const known = variables.filter((variable) => variable.type === String(type) && variable.value !== null);
    if (known.length > 0 && random.chance(0.3)) return `$${random.pick(known).name}`;
    if (isNonNullType(type)) {
      const value = writeJson(type.ofType, random);
      if (random.chance(0.3)) {
        // The default makes it fit. An explicit null does not, and is rare: the operation is refused.
        const given = random.chance(0.03) ? null : value;
        const isLeftOut = random.chance(0.4);
        const defaultValue = writeLiteral(type.ofType, random);
        return addVariable({ type: String(type.ofType), defaultValue, ...(!isLeftOut && { value: given }) });
      }
      return addVariable({ type: String(type), value });
    }
    if (random.chance(0.25) && !hasDefault)
      return addVariable({ type: `${type}!`, value: writeJson(type, random) });
    const defaultValue = random.chance(0.3) ? writeLiteral(type, random) : undefined;
    const chosen = random.pick(['left out', 'null', 'given', 'given']);
    return addVariable({
      type: String(type),
      ...(defaultValue !== undefined && { defaultValue }),
      ...(chosen === 'null' && { value: null }),
      ...(chosen === 'given' && { value: writeJson(type, random) }),
    });
  };
  const writeValue = (type: GraphQLInputType, hasDefault: boolean, depth = 0): string => {
    if (random.chance(0.35)) return makeVariable(type, hasDefault);
    if (isNonNullType(type)) return writeLiteralWith(type.ofType, depth);
    return random.chance(0.1) ? 'null' : writeLiteralWith(type, depth);
  };
  /** Lists and input objects may hold variables. */
  const writeLiteralWith = (type: GraphQLInputType, depth: number): string => {
    if (isNonNullType(type)) return writeLiteralWith(type.ofType, depth);
    if (isListType(type) && random.chance(0.8)) {
      const items = Array.from({ length: random.below(3) }, () => writeValue(type.ofType, false, depth + 1));
      return `[${items.join(', ')}]`;
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields())
        .filter((field) => isRequiredInputField(field) || (depth < 3 && random.chance(0.6)))
        .map(
          (field) => `${field.name}: ${writeValue(field.type, field.defaultValue !== undefined, depth + 1)}`,
        );
      return `{${fields.join(', ')}}`;
    }
    return writeLiteral(type, random);
  };
  return {
    variables,
    writeArguments(declared) {
      const written = random
        .shuffle(declared.filter((argument) => isRequiredArgument(argument) || random.chance(0.6)))
        .map(({ name, type, defaultValue }) => `${name}: ${writeValue(type, defaultValue !== undefined)}`);
      return written.length > 0 ? `(${written.join(', ')})` : '';
    },
    writeCondition() {
      if (random.chance(0.3)) return random.pick(['true', 'false']);
      const known = variables.filter(({ type, value }) => type === 'Boolean!' && value !== null);
      if (known.length > 0 && random.chance(0.5)) return `$${random.pick(known).name}`;
      if (random.chance(0.4)) {
        const value = random.pick([undefined, true, false]);
        const defaultValue = random.pick(['true', 'false']);
        return addVariable({ type: 'Boolean', defaultValue, ...(value !== undefined && { value }) });
      }
      return addVariable({ type: 'Boolean!', value: random.chance(0.5) });
    },
  };
}

const literals: Record<string, readonly string[]> = {
  Int: ['0', '7', '-3', '2147483647'],
  Float: ['0', '1.5', '-2e10', '3'],
  String: ['""', '"text"', '"\\u00e9\\"\\\\"', '"""block\n  text"""', '"$$"'],
  Boolean: ['true', 'false'],
  ID: ['"id-1"', '7', '""'],
};
const customLiterals = ['1', '"free"', '[1, [null]]', '{a: 1, b: [true]}', 'WORD', '1.5'];

/** A literal without variables, not null at its top. */
function writeLiteral(type: GraphQLInputType, random: Random, depth = 0): string {
  if (isNonNullType(type)) return writeLiteral(type.ofType, random, depth);
  const orNull = (inner: GraphQLInputType) =>
    !isNonNullType(inner) && random.chance(0.15) ? 'null' : writeLiteral(inner, random, depth + 1);
  if (isListType(type)) {
    if (random.chance(0.2) && !isListType(type.ofType)) return writeLiteral(type.ofType, random, depth + 1);
    return `[${Array.from({ length: random.below(3) }, () => orNull(type.ofType)).join(', ')}]`;
  }
  if (isInputObjectType(type)) {
    const fields = inputFields(Object.values(type.getFields()), random, depth);
    return `{${fields.map(({ name, type: inner }) => `${name}: ${orNull(inner)}`).join(', ')}}`;
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  return random.pick(literals[type.name] ?? customLiterals);
}

function inputFields(fields: readonly GraphQLInputField[], random: Random, depth: number) {
  return fields.filter((field) => isRequiredInputField(field) || (depth < 3 && random.chance(0.6)));
}

const jsonValues: Record<string, readonly unknown[]> = {
  Int: [0, 7, -3, 2 ** 31 - 1],
  Float: [0, 1.5, -2e10, 3],
  String: ['', 'text', 'é"\\\u2028', '__proto__'],
  Boolean: [true, false],
  ID: ['id-1', 7, ''],
};
const customJson = [1, 'free', [1, [null]], { a: 1, b: [true] }, 1.5, JSON.parse('{"__proto__": {"a": 1}}')];

/** A value for a variable, not null at its top. */
function writeJson(type: GraphQLInputType, random: Random, depth = 0): unknown {
  if (isNonNullType(type)) return writeJson(type.ofType, random, depth);
  const orNull = (inner: GraphQLInputType) =>
    !isNonNullType(inner) && random.chance(0.15) ? null : writeJson(inner, random, depth + 1);
  if (isListType(type)) {
    if (random.chance(0.2) && !isListType(type.ofType)) return writeJson(type.ofType, random, depth + 1);
    return Array.from({ length: random.below(3) }, () => orNull(type.ofType));
  }
  if (isInputObjectType(type)) {
    const fields = inputFields(Object.values(type.getFields()), random, depth);
    return Object.fromEntries(fields.map(({ name, type: inner }) => [name, orNull(inner)]));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  return random.pick(jsonValues[type.name] ?? customJson);
}
