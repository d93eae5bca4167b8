import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { ApolloProvider, useQuery } from '@apollo/client/react';
import { QueryClient, QueryClientProvider, useQuery as useReactQuery } from '@tanstack/react-query';
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createSignetLink, followSession } from './apollo.ts';
import { followAccount } from './follow-account.ts';
import { createSignetClient, readError } from './index.ts';
import { SignedIn, SignetProvider, useSession } from './react.ts';

/*
 * A page as a frontend has it, for client.e2e.ts: the hooks of React, Apollo Client and TanStack Query on one client, all of them mounted
 * also while nobody is signed in. `?url=` is the entrance.
 */

/** The repository's types are those of Node. */
const page = globalThis as unknown as { location: { search: string }; document: { body: never } };
const url = new URLSearchParams(page.location.search).get('url') ?? '';
const client = createSignetClient({ url, platform: 'user' });
const apollo = new ApolloClient({ link: createSignetLink(client), cache: new InMemoryCache() });
followSession(apollo, client);
const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
followAccount(client, () => void queries.resetQueries());
Object.assign(globalThis, { client });

const me = '{ me { email } }';
type Me = { me: { email: string } | null };

function ByApollo() {
  const { data, error, loading } = useQuery<Me>(gql(me));
  return h('p', { id: 'apollo' }, data?.me?.email ?? (loading ? 'loading' : error && readError(error).kind));
}

function ByReactQuery() {
  const { data, status } = useReactQuery({
    queryKey: ['me'],
    queryFn: async () => {
      const { data, errors } = await client.request<Me>(me);
      if (!data?.me) throw new Error(errors[0]?.kind);
      return data;
    },
  });
  return h('p', { id: 'query' }, data?.me?.email ?? status);
}

function Status() {
  const session = useSession();
  return h('p', { id: 'status' }, session.status === 'signed-in' ? session.account.email : session.status);
}

/** What a person typed is theirs: another account begins anew. */
function Draft() {
  const [text, setText] = useState('');
  return h('input', {
    id: 'draft',
    value: text,
    onChange: ({ target }) => setText((target as unknown as { value: string }).value),
  });
}

createRoot(page.document.body).render(
  h(
    SignetProvider,
    { client },
    h(Status),
    h(SignedIn, { fallback: h('p', { id: 'fallback' }, 'sign in') }, h(Draft)),
    // biome-ignore lint/correctness/noChildrenProp: the type of ApolloProvider asks for it.
    h(ApolloProvider, { client: apollo, children: h(ByApollo) }),
    h(QueryClientProvider, { client: queries }, h(ByReactQuery)),
  ),
);
