import { GraphQLError } from 'graphql';
import type { Guards } from './open-guards.ts';

/**
 * Options of graphql-yoga: who asks as its context, errors in the form of docs/errors.md, and none of the ways in beside a POST of
 * JSON.
 */
export function yogaOptions(guards: Guards) {
  return {
    context: guards.context,
    maskedErrors: { maskError: (error: unknown) => maskError(guards, error) },
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    cors: false,
  } as const;
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
