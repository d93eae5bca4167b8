import type { GraphQLFormattedError } from 'graphql';

/** Apollo Server's codes for faults of the request; their texts are about the document only. */
const requestErrorCodes = new Set<unknown>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_REQUEST',
]);

export function isRequestErrorCode(code: unknown): code is string {
  return requestErrorCodes.has(code);
}

/**
 * The text of a request error, without the literal values of the document that graphql-js puts into some. A text about parsing
 * is kept only if the parser wrote it: where the stack overflows, the JavaScript engine writes the text.
 */
export function textOfRequestError({ message, extensions }: GraphQLFormattedError): string {
  if (extensions?.code === 'GRAPHQL_PARSE_FAILED') {
    if (!message.startsWith('Syntax Error')) {
      return 'The document can not be parsed.';
    }
    return message.replace(/\b(String|BlockString) "[\s\S]*"/, '$1');
  }
  return message
    .replace(/^(Expected value of type "[^"]*"), found [\s\S]*$/, '$1.')
    .replace(/^([^:]* cannot represent [^:]*): [\s\S]*$/, '$1.');
}

type CoercionFault = { text: string; field: string | undefined };

/**
 * graphql-js repeats the value of a variable that it can't coerce, and the value may be a password: the text keeps the place
 * and drops the value. An argument whose variable is null is found while the operation runs, and its error has no code.
 */
export function textOfCoercionError({
  message,
  extensions,
}: GraphQLFormattedError): CoercionFault | undefined {
  if (extensions?.code === 'BAD_USER_INPUT' || message.startsWith('Too many errors processing variables')) {
    const [, variable] = /^Variable "\$(\w+)"/.exec(message) ?? [];
    const [, place = variable] = /^[\s\S]*? at "([\w.[\]]+)"; /.exec(message) ?? [];
    return place === undefined
      ? { text: 'An input value is not of its type.', field: undefined }
      : { text: `The variable "$${place}" is missing or not of its type.`, field: lastNameOf(place) };
  }
  const [, argument] =
    /^Argument "(\w+)" (?:of required type|of non-null type|has invalid value) /.exec(message) ?? [];
  return argument !== undefined
    ? { text: `The argument "${argument}" is missing or not of its type.`, field: argument }
    : undefined;
}

/** `input.items[0].quantity` -> `quantity`. */
function lastNameOf(place: string): string | undefined {
  return place.split(/[.[\]]/).findLast((part) => /^[A-Za-z_]\w*$/.test(part));
}

const notOfItsType = 'A value is not of its type.';

/** Texts of graphql-js 16 that name parts of the schema, each with its replacement. The first are its suggestions. */
const namingTexts: readonly (readonly [RegExp, string])[] = [
  [/ ?Did you mean [\s\S]*$/, ''],
  [
    /^((?:Field|Directive) "[^"]*") argument "[^"]*" of type [\s\S]*$/,
    '$1 lacks an argument that is required.',
  ],
  [
    /^Field "[^"]*" of required type "[^"]*" was not provided\.$/,
    'An input object lacks a field that is required.',
  ],
  [/ since type "[^"]*" has no subfields\.$/, '.'],
  [/ as objects of type "[^"]*" can never be of type "[^"]*"\.$/, '.'],
  [/ of type "[^"]*" used in position expecting type "[^"]*"\.$/, ' is used where another type is expected.'],
  [/ because they return conflicting types "[^"]*" and "[^"]*"/, ' because they return different types'],
  [/ (?:of|on|by) type "[^"]*"/, ''],
  [/ on field "[^".]*\./, ' on field "'],
  [/^Value ("[^"]*") does not exist in "[^"]*" enum\./, 'There is no enum value $1.'],
  [/^(?:Expected value|(?:Enum )?"?\w+"? cannot represent )[\s\S]*$/, notOfItsType],
];
const anythingElse = 'The document does not fit the schema.';

/**
 * The text of a validation error, without names that the client did not send: tools rebuild a whole schema from suggestions,
 * types and required arguments. If `source`, the document, is given, a text that still quotes a name which is not in it is
 * replaced as a whole.
 */
export function hideSchemaDetails(text: string, source?: string): string {
  const rest = namingTexts.reduce((left, [naming, replacement]) => left.replace(naming, replacement), text);
  if (source === undefined) {
    return rest;
  }
  const sent = new Set(wordsOf(source));
  const quoted = [...rest.matchAll(/"([^"]*)"/g)].flatMap(([, name = '']) => wordsOf(name));
  return quoted.every((word) => sent.has(word)) ? rest : anythingElse;
}

function wordsOf(text: string): string[] {
  return text.match(/\w+/g) ?? [];
}
