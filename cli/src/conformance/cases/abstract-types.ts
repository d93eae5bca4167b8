import { type CaseArea, member, nobody } from './case.ts';

const bothPosts = 'posts { ... on PublicBlog { title } ... on PrivateBlog { title } }';

export const interfaces: CaseArea = {
  name: 'interfaces',
  cases: [
    {
      title: 'refuses a field through an interface, one of whose types is guarded',
      says: 'interfaces',
      as: nobody,
      operation: '{ open posts { title } }',
      refused: { 'posts.title': 'PrivateBlog.title' },
      mayHideMore: true,
    },
    {
      title: 'gives a member a field through an interface',
      says: 'interfaces',
      as: member(),
      operation: '{ posts { id title } }',
    },
    {
      title: 'does not tell that there is an object of a guarded type through an interface',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ open posts { ... on PrivateBlog { __typename } } }',
      refused: { 'posts.__typename': 'PrivateBlog.__typename' },
      hides: ['"PrivateBlog"'],
    },
    {
      title: 'gives what only the open type can be',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ posts { ... on PublicBlog { title } } }',
    },
    {
      title: 'refuses what only the guarded type can be',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ open posts { ... on PrivateBlog { title } } }',
      refused: { 'posts.title': 'PrivateBlog.title' },
    },
    {
      title: 'gives one type and refuses the other',
      says: 'interfaceParts',
      as: nobody,
      operation: `{ ${bothPosts} }`,
      refused: { 'posts.title': 'PrivateBlog.title' },
    },
    {
      title: 'gives a member both types',
      says: 'interfaceParts',
      as: member(),
      operation: `{ ${bothPosts} }`,
    },
    {
      title: 'an interface that an interface implements is no way around',
      says: 'interfaces',
      as: nobody,
      operation: '{ open posts { ... on Node { id } } }',
      refused: { 'posts.id': 'PrivateBlog.id' },
      mayHideMore: true,
    },
    {
      title: 'a fragment on the interface is no way around',
      says: 'interfaces',
      as: nobody,
      operation: '{ open posts { ...P } } fragment P on Post { title author { username } }',
      refused: { 'posts.title': 'PrivateBlog.title' },
      mayHideMore: true,
    },
    {
      title: 'a guarded field of the open type stays refused',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ posts { ... on PublicBlog { title views } } }',
      refused: { 'posts.views': 'PublicBlog.views' },
    },
    {
      title: 'a field with a rule in one implementation only is refused through the interface',
      says: 'interfacesAnd',
      as: member(),
      operation: '{ open media { id title } }',
      refused: { 'media.title': 'Film.title' },
      mayHideMore: true,
    },
    {
      title: 'through the interface, one of two scopes is not enough',
      says: 'interfacesAnd',
      as: member('read:one'),
      operation: '{ open media { title } }',
      refused: { 'media.title': 'Song.title' },
      mayHideMore: true,
    },
    {
      title: 'through the interface, the scopes of all implementations are enough',
      says: 'interfacesAnd',
      as: member('read:one', 'read:two'),
      operation: '{ media { id title } }',
    },
    {
      title: 'a field that no implementation guards is open through the interface',
      says: 'interfacesAnd',
      as: nobody,
      operation: '{ media { id } }',
    },
    {
      title: 'an implementation without a rule is open by its own name',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ media { ... on Book { title } } }',
    },
    {
      title: 'an implementation with a rule is given by its own name',
      says: 'interfaceParts',
      as: member('read:one'),
      operation: '{ media { ... on Book { title } ... on Film { title } } }',
    },
    {
      title: 'refuses a guarded object in place of the interface',
      says: 'authenticated',
      as: nobody,
      operation: '{ open privateBlog { title } }',
      refused: { privateBlog: 'Query.privateBlog', 'privateBlog.title': 'PrivateBlog.title' },
    },
    {
      title: 'refuses a list of a guarded type below an entity',
      says: 'authenticated',
      as: nobody,
      operation: '{ users { username drafts { title } } }',
      refused: { 'users.drafts': 'User.drafts', 'users.drafts.title': 'PrivateBlog.title' },
    },
  ],
};

export const unions: CaseArea = {
  name: 'unions',
  cases: [
    {
      title: 'gives the open member',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ found { ... on PublicBlog { title } } }',
    },
    {
      title: 'refuses the guarded member',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ found { ... on PublicBlog { title } ... on PrivateBlog { title } } }',
      refused: { 'found.title': 'PrivateBlog.title' },
    },
    {
      title: 'refuses the guarded field of a member',
      says: 'scopesFilter',
      as: member(),
      operation: '{ found { ... on PublicBlog { title } ... on Film { title } } }',
      refused: { 'found.title': 'Film.title' },
    },
    {
      title: 'gives a member all of it',
      says: 'wholeQuery',
      as: member('read:one'),
      operation:
        '{ found { __typename ... on PublicBlog { title } ... on PrivateBlog { title } ... on Film { title } } }',
    },
    {
      title: 'an interface inside a union is no way around',
      says: 'interfaces',
      as: nobody,
      operation: '{ open found { ... on Post { title } } }',
      refused: { 'found.title': 'PrivateBlog.title' },
      mayHideMore: true,
    },
    {
      title: 'does not tell that there is an object of a guarded member',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ open found { ... on PrivateBlog { __typename } } }',
      refused: { 'found.__typename': 'PrivateBlog.__typename' },
      hides: ['"PrivateBlog"'],
    },
    {
      title: 'a type condition that the interface narrows is open',
      says: 'interfaceParts',
      as: nobody,
      operation: '{ found { ... on Media { id } } }',
    },
  ],
};
