import { type CaseArea, holder, member, nobody } from './case.ts';

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

export const policyFields: CaseArea = {
  name: '@policy',
  cases: [
    { title: 'refuses a caller without a token', says: 'policy', as: nobody, ...one('policied') },
    {
      title: 'refuses a member for whom no policy holds',
      says: 'policyNull',
      as: member('read:one'),
      ...one('policied'),
    },
    { title: 'refuses where another policy holds', says: 'policy', as: holder(['two']), ...one('policied') },
    { title: 'a scope of the same name is no policy', says: 'policy', as: member('one'), ...one('policied') },
    {
      title: 'gives the field where the policy holds',
      says: 'policy',
      as: holder(['one']),
      needs: 'policies',
      ...allowed('policied'),
    },
    {
      title: 'an inner list needs all of its policies',
      says: 'policiesAnd',
      as: holder(['one', 'two']),
      needs: 'policies',
      ...allowed('allPolicies'),
    },
    {
      title: 'an inner list is not met by one of two',
      says: 'policiesAnd',
      as: holder(['one']),
      ...one('allPolicies'),
    },
    {
      title: 'one outer list is enough',
      says: 'policiesOr',
      as: holder(['two']),
      needs: 'policies',
      ...allowed('anyPolicy'),
    },
    { title: 'no outer list is met', says: 'policiesOr', as: holder(['three']), ...one('anyPolicy') },
    {
      title: '(one and two) or three: three',
      says: 'policiesMixed',
      as: holder(['three']),
      needs: 'policies',
      ...allowed('mixedPolicies'),
    },
    {
      title: '(one and two) or three: not one',
      says: 'policiesMixed',
      as: holder(['one']),
      ...one('mixedPolicies'),
    },
    {
      title: 'beside a scope, both hold: not the policy alone',
      says: 'policy',
      as: holder(['one']),
      ...one('policiedAndScoped'),
    },
    {
      title: 'beside a scope, both hold: not the scope alone',
      says: 'policy',
      as: member('read:one'),
      ...one('policiedAndScoped'),
    },
    {
      title: 'beside a scope, both are enough',
      says: 'policy',
      as: holder(['one'], 'read:one'),
      needs: 'policies',
      ...allowed('policiedAndScoped'),
    },
    {
      title: 'refuses the field of an object',
      says: 'policy',
      as: member(),
      operation: '{ users { username notes } }',
      refused: { 'users.notes': 'User.notes' },
    },
    {
      title: 'refuses a type',
      says: 'policy',
      as: member(),
      operation: '{ open badge { label } }',
      refused: { badge: 'Query.badge', 'badge.label': 'Badge.label' },
    },
    {
      title: 'gives a type where the policy holds',
      says: 'policy',
      as: holder(['one']),
      needs: 'policies',
      operation: '{ badge { label } }',
    },
    {
      title: 'sends nothing where no field passes',
      says: 'policyStops',
      as: member(),
      operation: '{ policied allPolicies anyPolicy }',
      refused: { policied: 'Query.policied', allPolicies: 'Query.allPolicies', anyPolicy: 'Query.anyPolicy' },
    },
  ],
};

export const tokens: CaseArea = {
  name: 'tokens',
  cases: (
    [
      'expired',
      'not yet valid',
      'other issuer',
      'other audience',
      'other key',
      'changed claims',
      'no signature',
      'signed with the public key',
      'no token at all',
    ] as const
  ).map((fault) => ({
    title: `a bad token is no token: ${fault}`,
    says: fault === 'no signature' || fault === 'signed with the public key' ? 'algorithm' : 'validToken',
    as: { fault, scopes: ['read:one'] },
    operation: '{ signedIn scoped }',
    refused: { signedIn: 'Query.signedIn', scoped: 'Query.scoped' },
  })),
};
