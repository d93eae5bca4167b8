import {
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isObject, type JsonObject } from './answer-shape.ts';
import { beginText, takeText, writeAscii, writeJson, writeQuoted } from './json-writer.ts';
import { isInt } from './leaf-values.ts';
import {
  type ConcreteType,
  findRuntimeType,
  type OperationSelection,
  type SelectedField,
} from './selection.ts';

/** Writes a value as JSON, or throws `notPlain`. */
type Write = (value: unknown) => void;
type Introspected = Readonly<Record<string, unknown>>;

/** Thrown for a value that is not plainly right. One object, since it says nothing more. */
const notPlain = new Error('A value is not plainly right.');

/**
 * Compiles the completion of results without errors straight to JSON text. It keeps no paths.
 *
 * @returns `{"data":…}` and a line end, or undefined where a value lacks, is null where none may be, or is not of its type: then
 * `completeExactly` finds what is wrong
 * @throws {AnswerTooLargeError}
 */
export function compileCompletion(
  schema: GraphQLSchema,
  { type, fields }: OperationSelection,
  maxBytes: number,
): (data: JsonObject, introspected: Introspected) => string | undefined {
  let introspected: Introspected = {};
  const write = compileObject(schema, type, fields, fail, (key) => JSON.stringify(introspected[key]));
  return (data, answered) => {
    introspected = answered;
    try {
      beginText(maxBytes);
      writeAscii('{"data":');
      write(data);
      writeAscii('}\n');
      return takeText();
    } catch (error) {
      // A RangeError comes from a value of a custom scalar that is nested too deep to be written.
      if (error === notPlain || error instanceof RangeError) return undefined;
      throw error;
    }
  };
}

/** What is written in place of a value that is not of its type: null where it may be null, or nothing. */
type WriteOther = (value: unknown) => void;

const writeNull: WriteOther = (value) => (value === null ? writeAscii('null') : fail());

function compileObject(
  schema: GraphQLSchema,
  type: ConcreteType,
  fields: readonly SelectedField[],
  writeOther: WriteOther,
  introspect?: (key: string) => string | undefined,
): Write {
  const keys = fields.map(({ dataKey }) => dataKey);
  const befores = fields.map(({ key }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  const writes = fields.map((field): Write => {
    if (field.kind === 'data') return inherits(field.dataKey, compileValue(schema, field.type, field));
    if (field.kind === 'introspection') {
      return () => writeJson(introspect?.(field.key) ?? fail());
    }
    const name = JSON.stringify(type.name);
    return isObjectType(type) ? () => writeAscii(name) : fail;
  });
  const count = fields.length;
  return (value) => {
    if (!isObject(value)) return writeOther(value);
    for (let index = 0; index < count; index += 1) {
      writeAscii(befores[index] as string);
      (writes[index] as Write)(value[keys[index] as string]);
    }
    writeAscii(count === 0 ? '{}' : '}');
  };
}

/** A missing `constructor` reads as a function, which no type has: only a list of custom scalars would take it. */
function inherits(key: string, write: Write): Write {
  return key in Object.prototype
    ? (value) => (typeof value === 'function' || value === Object.prototype ? fail() : write(value))
    : write;
}

function fail(): never {
  throw notPlain;
}

function compileValue(schema: GraphQLSchema, type: GraphQLOutputType, field: SelectedField): Write {
  return isNonNullType(type)
    ? compileType(schema, type.ofType, field, fail)
    : compileType(schema, type, field, writeNull);
}

function compileType(
  schema: GraphQLSchema,
  type: GraphQLOutputType,
  field: SelectedField,
  writeOther: WriteOther,
): Write {
  if (isListType(type)) {
    const write = compileValue(schema, type.ofType, field);
    return (value) => {
      if (!Array.isArray(value)) return writeOther(value);
      writeAscii('[');
      for (let index = 0; index < value.length; index += 1) {
        if (index > 0) writeAscii(',');
        write(value[index]);
      }
      writeAscii(']');
    };
  }
  if (isLeafType(type)) return compileLeaf(type, writeOther);
  if (isObjectType(type)) return compileObject(schema, type, field.fieldsOf(type) ?? [], writeOther);
  if (!isAbstractType(type)) throw new Error('A field has no output type.');
  const writesByName = new Map<unknown, Write>();
  return (value) => {
    if (!isObject(value)) return writeOther(value);
    const { __typename: name } = value;
    let write = writesByName.get(name);
    if (!write) {
      const runtimeType = findRuntimeType(schema, type, name) ?? fail();
      write = compileObject(schema, runtimeType, field.fieldsOf(runtimeType) ?? fail(), fail);
      writesByName.set(name, write);
    }
    return write(value);
  };
}

function compileLeaf(type: GraphQLLeafType, writeOther: WriteOther): Write {
  if (isEnumType(type)) {
    const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, `"${name}"`]));
    return (value) => {
      const text = texts.get(value);
      return text === undefined ? writeOther(value) : writeAscii(text);
    };
  }
  switch (type.name) {
    case 'Int':
      return (value) => (isInt(value) ? writeAscii(String(value)) : writeOther(value));
    case 'Float':
      return (value) =>
        typeof value === 'number' && Number.isFinite(value) ? writeAscii(String(value)) : writeOther(value);
    case 'String':
    case 'ID':
      return (value) => (typeof value === 'string' ? writeQuoted(value) : writeOther(value));
    case 'Boolean':
      return (value) =>
        value === true ? writeAscii('true') : value === false ? writeAscii('false') : writeOther(value);
    default:
      return (value) =>
        value === null || value === undefined
          ? writeOther(value)
          : typeof value === 'string'
            ? writeQuoted(value)
            : writeJson(JSON.stringify(value));
  }
}
