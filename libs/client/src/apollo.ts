import { type ApolloClient, HttpLink } from '@apollo/client';
import type { SignetClient } from './client.ts';
import { followAccount } from './follow-account.ts';

/** The terminating link of an Apollo Client: sends operations to the entrance as whoever is signed in. */
export function createSignetLink(client: SignetClient, options: HttpLink.Options = {}): HttpLink {
  return new HttpLink({ ...options, uri: client.url, fetch: client.fetch });
}

/**
 * Forgets what the cache holds of one account when another signs in, or nobody is signed in any more. Returns what stops that.
 * Active queries are asked again after a sign-in.
 */
export function followSession(apollo: ApolloClient, client: SignetClient): () => void {
  return followAccount(
    client,
    (id) => void (id ? apollo.resetStore() : apollo.clearStore()).catch(() => undefined),
  );
}
