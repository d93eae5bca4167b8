const notOfItsType = 'A value is not of its type.';

/** Texts of graphql-js 16 that name parts of the schema, and what is left of each. The first is its suggestions. */
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
 * The text of a fault of the document without names that the client did not send: tools rebuild a whole schema from
 * suggestions, types and required arguments. Where `source`, the document, is at hand, a text that still quotes a name which
 * is not in it is dropped as a whole.
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
