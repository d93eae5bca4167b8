import { type CaseArea, member, nobody } from './case.ts';

const one = (field: string) => ({ operation: `{ ${field} }`, refused: { [field]: `Query.${field}` } });
const allowed = (field: string) => ({ operation: `{ ${field} }` });
const all = ['read:one', 'read:two', 'read:three'];

export const authenticatedFields: CaseArea = {
  name: '@authenticated on fields',
  cases: [
    {
      title: 'a field without a rule is open to nobody in particular',
      says: 'removed',
      as: nobody,
      ...allowed('open'),
    },
    {
      title: 'a field without a rule is open to a member',
      says: 'wholeQuery',
      as: member(),
      ...allowed('open'),
    },
    { title: 'refuses a caller without a token', says: 'authenticated', as: nobody, ...one('signedIn') },
    { title: 'gives a member the field', says: 'wholeQuery', as: member(), ...allowed('signedIn') },
    {
      title: 'refuses a field with arguments',
      says: 'authenticated',
      as: nobody,
      operation: 'query Echo($text: String) { signedInEcho(text: $text) }',
      variables: { text: 'hello' },
      refused: { signedInEcho: 'Query.signedInEcho' },
    },
    {
      title: 'gives a member a field with arguments',
      says: 'wholeQuery',
      as: member(),
      operation: 'query Echo($text: String) { signedInEcho(text: $text) openEcho(text: $text) }',
      variables: { text: 'hello' },
    },
    {
      title: 'refuses an object field, and so all below it',
      says: 'notResolved',
      as: nobody,
      operation: '{ me { username } }',
      refused: { me: 'Query.me', 'me.username': 'User.username' },
    },
    {
      title: 'gives a member an object field',
      says: 'wholeQuery',
      as: member(),
      operation: '{ me { username city bio } }',
    },
    {
      title: 'refuses a field deep in the answer',
      says: 'authenticated',
      as: nobody,
      operation: '{ users { friends { friends { username bio } } } }',
      refused: { 'users.friends.friends.bio': 'User.bio' },
    },
    {
      title: 'a number is refused like a text',
      says: 'notResolved',
      as: nobody,
      operation: '{ publicBlog { title views } }',
      refused: { 'publicBlog.views': 'PublicBlog.views' },
    },
    {
      title: 'an operation by GET is refused alike',
      says: 'authenticated',
      as: nobody,
      by: 'get',
      ...one('signedIn'),
    },
    {
      title: 'of two operations in a document, the one that is named counts',
      says: 'removed',
      as: nobody,
      operation: 'query A { open } query B { signedIn }',
      operationName: 'A',
    },
    {
      title: 'of two operations in a document, the one that is named is refused',
      says: 'authenticated',
      as: nobody,
      operation: 'query A { open } query B { signedIn }',
      operationName: 'B',
      refused: { signedIn: 'Query.signedIn' },
    },
  ],
};

export const scopeFields: CaseArea = {
  name: '@requiresScopes on fields',
  cases: [
    { title: 'refuses a caller without a token', says: 'scopes', as: nobody, ...one('scoped') },
    { title: 'refuses a token without scopes', says: 'scopes', as: member(), ...one('scoped') },
    { title: 'refuses a token with another scope', says: 'scopes', as: member('read:two'), ...one('scoped') },
    { title: 'gives the field for its scope', says: 'scopes', as: member('read:one'), ...allowed('scoped') },
    {
      title: 'finds the scope among others',
      says: 'scopeClaim',
      as: member('openid', 'read:one', 'read:other'),
      ...allowed('scoped'),
    },
    { title: 'a longer scope is another', says: 'scopeClaim', as: member('read:one:more'), ...one('scoped') },
    { title: 'a shorter scope is another', says: 'scopeClaim', as: member('read'), ...one('scoped') },
    { title: 'a scope is case-sensitive', says: 'scopeClaim', as: member('READ:ONE'), ...one('scoped') },
    {
      title: 'commas do not divide scopes',
      says: 'scopeClaim',
      as: member('read:one,read:two'),
      ...one('scoped'),
    },
    {
      title: 'a wildcard is a scope like any other',
      says: 'scopeClaim',
      as: member('*', 'read:*'),
      ...one('scoped'),
    },
    {
      title: 'a claim of another name gives no scope',
      says: 'scopeClaim',
      as: { claims: { scopes: 'read:one', roles: ['read:one'] } },
      ...one('scoped'),
    },
    {
      title: 'an inner list needs all of its scopes',
      says: 'scopesAnd',
      as: member(...all),
      ...allowed('allScopes'),
    },
    {
      title: 'an inner list is not met by two of three',
      says: 'scopesAnd',
      as: member('read:one', 'read:three'),
      ...one('allScopes'),
    },
    {
      title: 'an inner list is not met by one of three',
      says: 'scopesAnd',
      as: member('read:one'),
      ...one('allScopes'),
    },
    {
      title: 'one outer list is enough: the first',
      says: 'scopesOr',
      as: member('read:one'),
      ...allowed('anyScope'),
    },
    {
      title: 'one outer list is enough: the last',
      says: 'scopesOr',
      as: member('read:three'),
      ...allowed('anyScope'),
    },
    { title: 'no outer list is met', says: 'scopesOr', as: member('read:four'), ...one('anyScope') },
    {
      title: '(one and two) or three: one and two',
      says: 'scopesMixed',
      as: member('read:one', 'read:two'),
      ...allowed('mixedScopes'),
    },
    {
      title: '(one and two) or three: three',
      says: 'scopesMixed',
      as: member('read:three'),
      ...allowed('mixedScopes'),
    },
    {
      title: '(one and two) or three: not one',
      says: 'scopesMixed',
      as: member('read:one'),
      ...one('mixedScopes'),
    },
    {
      title: '(one and two) or three: not two',
      says: 'scopesMixed',
      as: member('read:two'),
      ...one('mixedScopes'),
    },
    {
      title: 'refuses the field of an object',
      says: 'scopesFilter',
      as: member('read:others'),
      operation: '{ users { username email } }',
      refused: { 'users.email': 'User.email' },
    },
    {
      title: 'gives the field of an object',
      says: 'scopesFilter',
      as: member('read:email'),
      operation: '{ users { username email } }',
    },
    {
      title: 'beside @authenticated on one field, both hold',
      says: 'scopes',
      as: member('read:two'),
      ...one('scopedAndSignedIn'),
    },
    {
      title: 'beside @authenticated on one field, the scope is enough',
      says: 'scopes',
      as: member('read:one'),
      ...allowed('scopedAndSignedIn'),
    },
  ],
};
