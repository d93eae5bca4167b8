import { GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationRule } from 'graphql';
import type { Guards } from './open-guards.ts';

/** What is used of a yoga plugin's hooks. */
type Validation = { addValidationRule(rule: ValidationRule): void };
type Validated = { valid: boolean; result: readonly GraphQLError[]; setResult(errors: GraphQLError[]): void };

/**
 * Options of graphql-yoga: who asks as its context, errors in the form of docs/errors.md, no introspection in production, and none of the ways in
 * beside a POST of JSON. Who has plugins of their own adds them to `plugins`.
 */
export function yogaOptions(guards: Guards) {
  return {
    context: guards.context,
    maskedErrors: { maskError: (error: unknown) => maskError(guards, error) },
    plugins: guards.introspection ? [] : [{ onValidate: createSchemaHider(guards) }],
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    cors: false,
  };
}

/** Refuses introspection, and takes names of the schema out of the texts about a document. yoga masks no such errors. */
function createSchemaHider({ formatError }: Guards) {
  const hide = (error: GraphQLError): GraphQLError => {
    const { message } = formatError(
      { message: error.message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      error,
    );
    return new GraphQLError(message, error.nodes ? { nodes: error.nodes } : {});
  };
  return ({ addValidationRule }: Validation) => {
    addValidationRule(NoSchemaIntrospectionCustomRule);
    return ({ valid, result, setResult }: Validated) => {
      if (!valid) setResult(result.map(hide));
    };
  };
}

/** The same error where its format changes nothing: yoga logs all others. */
function maskError({ formatError }: Guards, thrown: unknown): Error {
  const error =
    thrown instanceof GraphQLError
      ? thrown
      : new GraphQLError(String(thrown), { originalError: thrown instanceof Error ? thrown : null });
  const { message, extensions = {} } = formatError(error.toJSON(), error);
  const { http, ...known } = error.extensions;
  if (message === error.message && JSON.stringify(known) === JSON.stringify(extensions)) return error;
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    ...(nodes && { nodes }),
    ...(source && { source }),
    ...(positions && { positions }),
    ...(path && { path }),
    extensions: { ...extensions, ...(http !== undefined && { http }) },
  });
}
