import { type Exchange, makeOperation, mapExchange } from '@urql/core';
import type { SignetClient } from './client.ts';

/** Stands before `fetchExchange` in an urql client: sends operations to the entrance as whoever is signed in. */
export function signetExchange(client: SignetClient): Exchange {
  return mapExchange({
    onOperation: (operation) =>
      makeOperation(operation.kind, operation, {
        ...operation.context,
        url: client.url,
        fetch: client.fetch,
      }),
  });
}
