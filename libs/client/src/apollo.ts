import { type ApolloClient, HttpLink } from '@apollo/client';
import type { SignetClient } from './client.ts';
import { followAccount } from './follow-account.ts';

/** The terminating link of an Apollo Client: sends operations to the entrance as whoever is signed in. */
export function createSignetLink(client: SignetClient, options: HttpLink.Options = {}): HttpLink {
  return new HttpLink({ ...options, uri: client.url, fetch: client.fetch });
}

/**
 * Forgets what the cache and mounted queries hold of one account when another signs in, or nobody is signed in any more, in whichever tab
 * that happens. Mounted queries are asked again: what everybody may see comes back, and the rest is refused. Returns what stops that.
 */
export function followSession(apollo: ApolloClient, client: SignetClient): () => void {
  // `clearStore` would leave the last result on the screen. The refusals are those of the queries, which have them too.
  return followAccount(client, () => void apollo.resetStore().catch(() => undefined));
}
