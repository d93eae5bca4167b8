import { type Exchange, makeOperation, mapExchange } from '@urql/core';
import type { SignetClient } from './client.ts';
import { followAccount } from './follow-account.ts';

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

/**
 * Calls `renew` when somebody else signs in, or nobody is signed in any more. A client of urql keeps its cache for as long as it lives, and
 * would show the next one what the last one saw: make a new one. Returns what stops that.
 */
export function followSession(client: SignetClient, renew: () => void): () => void {
  return followAccount(client, renew);
}
