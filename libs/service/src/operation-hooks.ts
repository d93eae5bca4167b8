import type { ApolloServerPlugin } from '@apollo/server';
import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import { type ErrorTranslation, withHttpStatus } from './errors.ts';

/** A valid document, and the operation of it that is about to run; undefined where none has the name, which is refused next. */
export type OperationRun = {
  document: DocumentNode;
  operation: OperationDefinitionNode | undefined;
  context: object;
};

/** What an endpoint does at each operation, whichever lane runs it. */
export type OperationHooks = {
  /** Before the operation runs. Who throws refuses it: a `RefusalError` decides the HTTP status of the answer. */
  beforeRun?(run: OperationRun): Promise<void> | void;
  /** After errors of the document, its variables or its resolvers, before they are formatted. Changes nothing. */
  onErrors?(errors: readonly GraphQLError[], context: object): void;
};

/** Calls `beforeRun` of one after the other. Without a promise where none of them needs one. */
export function runHooks(hooks: readonly OperationHooks[], run: OperationRun): Promise<void> | void {
  for (const [index, hook] of hooks.entries()) {
    const pending = hook.beforeRun?.(run);
    if (pending) return pending.then(() => runHooks(hooks.slice(index + 1), run));
  }
}

/** The same hooks for Apollo Server. */
export function toPlugin(
  hooks: readonly OperationHooks[],
  translateError: ErrorTranslation | undefined,
): ApolloServerPlugin {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, contextValue }) {
          const run = { document, operation, context: contextValue };
          await withHttpStatus(() => runHooks(hooks, run), translateError);
        },
        async didEncounterErrors({ errors, contextValue }) {
          for (const { onErrors } of hooks) onErrors?.(errors, contextValue);
        },
      };
    },
  };
}
