import { type ApolloClient, HttpLink } from '@apollo/client';
import type { SignetClient } from './client.ts';

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

function followAccount(client: SignetClient, onChange: (id: string | undefined) => void): () => void {
  const idOf = (state = client.session.current()) =>
    state.status === 'signed-in' ? `${state.account.id} ${state.account.actedBy}` : undefined;
  let known = client.session.current().status === 'unknown' ? null : idOf();
  return client.session.subscribe((state) => {
    if (state.status === 'unknown') return;
    const id = idOf(state);
    // What was asked before it was known who is signed in has waited for that.
    if (known !== null && id !== known) onChange(id);
    known = id;
  });
}
