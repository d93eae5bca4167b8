import { type CaseArea, member, nobody } from './case.ts';

const signedIn = { signedIn: 'Query.signedIn' };

export const fragments: CaseArea = {
  name: 'fragments',
  cases: [
    {
      title: 'refuses a field in a named fragment',
      says: 'collected',
      as: nobody,
      operation: '{ open ...F } fragment F on Query { signedIn }',
      refused: signedIn,
    },
    {
      title: 'refuses a field in an inline fragment',
      says: 'collected',
      as: nobody,
      operation: '{ open ... on Query { signedIn } }',
      refused: signedIn,
    },
    {
      title: 'refuses a field in an inline fragment without a type',
      says: 'collected',
      as: nobody,
      operation: '{ open ... { ... { signedIn } } }',
      refused: signedIn,
    },
    {
      title: 'refuses a field in a fragment of a fragment',
      says: 'collected',
      as: nobody,
      operation:
        '{ ...A } fragment A on Query { open ...B } fragment B on Query { ...C } fragment C on Query { signedIn }',
      refused: signedIn,
    },
    {
      title: 'refuses a fragment in each place where it is spread',
      says: 'collected',
      as: nobody,
      operation:
        '{ first: users { ...U } second: users { username friends { ...U } } } fragment U on User { username bio }',
      refused: { 'first.bio': 'User.bio', 'second.friends.bio': 'User.bio' },
    },
    {
      title: 'gives a fragment where its place is allowed',
      says: 'collected',
      as: member(),
      operation: '{ users { ...U } } fragment U on User { username bio }',
    },
    {
      title: 'joins the selections of one field before it decides',
      says: 'collected',
      as: nobody,
      operation: '{ users { username } ...F } fragment F on Query { users { bio } }',
      refused: { 'users.bio': 'User.bio' },
    },
    {
      title: 'gives what a fragment on the type itself selects',
      says: 'collected',
      as: nobody,
      operation: '{ publicBlog { title ... on PublicBlog { id author { username } } } }',
    },
  ],
};

export const aliases: CaseArea = {
  name: 'aliases',
  cases: [
    {
      title: 'refuses a field under another name',
      says: 'responseKey',
      as: nobody,
      operation: '{ open harmless: signedIn }',
      refused: { harmless: 'Query.signedIn' },
    },
    {
      title: 'refuses a field under the name of an open one',
      says: 'responseKey',
      as: nobody,
      operation: '{ open: signedIn }',
      refused: { open: 'Query.signedIn' },
    },
    {
      title: 'gives an open field under the name of a guarded one',
      says: 'responseKey',
      as: nobody,
      operation: '{ signedIn: open }',
    },
    {
      title: 'refuses each of many names',
      says: 'responseKey',
      as: nobody,
      operation: '{ a: signedIn b: signedIn c: open }',
      refused: { a: 'Query.signedIn', b: 'Query.signedIn' },
    },
    {
      title: 'refuses a field below a renamed object',
      says: 'responseKey',
      as: nobody,
      operation: '{ people: users { name: username about: bio } }',
      refused: { 'people.about': 'User.bio' },
    },
    {
      title: 'gives what is allowed under other names',
      says: 'responseKey',
      as: member(),
      operation: '{ a: signedIn b: signedIn people: users { about: bio } }',
    },
    {
      title: 'refuses a guarded field under the name of __typename',
      says: 'responseKey',
      as: nobody,
      operation: '{ users { username __typename type: bio } }',
      refused: { 'users.type': 'User.bio' },
    },
  ],
};

const variable = (type: string, given: unknown, operation: string) => ({
  operation: `query ($if: ${type}) ${operation}`,
  ...(given !== undefined && { variables: { if: given } }),
});

export const conditions: CaseArea = {
  name: '@skip and @include',
  cases: [
    {
      title: 'a field that is skipped is not refused',
      says: 'skipStep',
      as: nobody,
      operation: '{ open signedIn @skip(if: true) }',
    },
    {
      title: 'a field that is not included is not refused',
      says: 'includeStep',
      as: nobody,
      operation: '{ open signedIn @include(if: false) }',
    },
    {
      title: 'refuses a field that is not skipped',
      says: 'skipStep',
      as: nobody,
      operation: '{ open signedIn @skip(if: false) }',
      refused: signedIn,
    },
    {
      title: 'refuses a field that is included',
      says: 'includeStep',
      as: nobody,
      operation: '{ open signedIn @include(if: true) }',
      refused: signedIn,
    },
    {
      title: 'a variable skips',
      says: 'skipStep',
      as: nobody,
      ...variable('Boolean!', true, '{ open signedIn @skip(if: $if) }'),
    },
    {
      title: 'refuses what a variable does not skip',
      says: 'skipStep',
      as: nobody,
      ...variable('Boolean!', false, '{ open signedIn @skip(if: $if) }'),
      refused: signedIn,
    },
    {
      title: 'refuses what a variable includes',
      says: 'includeStep',
      as: nobody,
      ...variable('Boolean!', true, '{ open signedIn @include(if: $if) }'),
      refused: signedIn,
    },
    {
      title: 'a variable leaves out',
      says: 'includeStep',
      as: nobody,
      ...variable('Boolean!', false, '{ open signedIn @include(if: $if) }'),
    },
    {
      title: 'refuses what the default of a variable includes',
      says: 'includeStep',
      as: nobody,
      ...variable('Boolean! = true', undefined, '{ open signedIn @include(if: $if) }'),
      refused: signedIn,
    },
    {
      title: 'the default of a variable leaves out',
      says: 'includeStep',
      as: nobody,
      ...variable('Boolean! = false', undefined, '{ open signedIn @include(if: $if) }'),
    },
    {
      title: 'a given value goes before the default',
      says: 'includeStep',
      as: nobody,
      ...variable('Boolean! = false', true, '{ open signedIn @include(if: $if) }'),
      refused: signedIn,
    },
    {
      title: 'both directives: refuses what neither leaves out',
      says: 'skip',
      as: nobody,
      ...variable('Boolean!', true, '{ open signedIn @include(if: $if) @skip(if: false) }'),
      refused: signedIn,
    },
    {
      title: 'both directives: one is enough to leave out',
      says: 'skip',
      as: nobody,
      ...variable('Boolean!', true, '{ open signedIn @include(if: $if) @skip(if: $if) }'),
    },
    {
      title: 'a fragment that is left out is not refused',
      says: 'skip',
      as: nobody,
      ...variable('Boolean!', false, '{ open ... @include(if: $if) { signedIn } }'),
    },
    {
      title: 'refuses a fragment that is included',
      says: 'skip',
      as: nobody,
      ...variable('Boolean!', true, '{ open ...F @include(if: $if) } fragment F on Query { signedIn }'),
      refused: signedIn,
    },
    {
      title: 'a field that is left out in one place is refused in the other',
      says: 'collected',
      as: nobody,
      operation: '{ open signedIn @skip(if: true) signedIn }',
      refused: signedIn,
    },
    {
      title: 'an object that is left out takes its guarded fields along',
      says: 'skip',
      as: nobody,
      operation: '{ open users @skip(if: true) { bio } }',
    },
    {
      title: 'a variable of another request does not count',
      says: 'includeStep',
      as: nobody,
      before: [
        {
          as: nobody,
          ...variable('Boolean!', false, '{ open signedIn @include(if: $if) scoped @skip(if: true) }'),
        },
      ],
      ...variable('Boolean!', true, '{ open signedIn @include(if: $if) scoped @skip(if: true) }'),
      refused: signedIn,
    },
  ],
};

export const siblings: CaseArea = {
  name: 'what stands beside a refusal',
  cases: [
    {
      title: 'the rest of the operation',
      says: 'shape',
      as: nobody,
      operation: '{ open signedIn }',
      refused: signedIn,
      judgesErrors: true,
    },
    {
      title: 'the rest of an object',
      says: 'shape',
      as: nobody,
      operation: '{ users { username city bio } }',
      refused: { 'users.bio': 'User.bio' },
      judgesErrors: true,
    },
    {
      title: 'the path names the field by its key in the answer',
      says: 'scopesError',
      as: member(),
      operation: '{ users { username mail: email } }',
      refused: { 'users.mail': 'User.email' },
      judgesErrors: true,
    },
    {
      title: 'a field that cannot be null takes its object along',
      says: 'shape',
      as: nobody,
      operation: '{ open user(id: "1") { username phone } }',
      refused: { 'user.phone': 'User.phone' },
      judgesErrors: true,
    },
    {
      title: 'a field of the query that cannot be null takes everything along',
      says: 'shape',
      as: nobody,
      operation: '{ open signedInStrict }',
      refused: { signedInStrict: 'Query.signedInStrict' },
      judgesErrors: true,
    },
    {
      title: 'an error where every field is refused',
      says: 'everyField',
      as: nobody,
      operation: '{ signedIn me { username } }',
      refused: { ...signedIn, me: 'Query.me' },
      judgesErrors: true,
    },
    {
      title: 'each refusal has an error',
      says: 'shape',
      as: nobody,
      operation: '{ open signedIn scoped users { username bio } }',
      refused: { ...signedIn, scoped: 'Query.scoped', 'users.bio': 'User.bio' },
      judgesErrors: true,
    },
    {
      title: 'a member lacks a scope for one of two fields',
      says: 'scopesFilter',
      as: member('read:one'),
      operation: '{ scoped allScopes }',
      refused: { allScopes: 'Query.allScopes' },
      judgesErrors: true,
    },
    {
      title: 'a refused object names itself',
      says: 'shape',
      as: nobody,
      operation: '{ open me { username friends { username } } }',
      refused: { me: 'Query.me' },
      judgesErrors: true,
    },
  ],
};

export const fetches: CaseArea = {
  name: 'no fetch for what is refused',
  cases: [
    {
      title: 'no subgraph is asked where every field is refused',
      says: 'notResolved',
      as: nobody,
      operation: '{ me { username bio city } }',
      refused: { me: 'Query.me', 'me.bio': 'User.bio' },
    },
    {
      title: 'a second subgraph is not asked for a refused field of an entity',
      says: 'notResolved',
      as: nobody,
      operation: '{ users { username bio } }',
      refused: { 'users.bio': 'User.bio' },
    },
    {
      title: 'nothing below a refused object is asked for',
      says: 'notResolved',
      as: nobody,
      operation: '{ open account { owner { username city } history } }',
      refused: {
        account: 'Query.account',
        'account.owner': 'Account.owner',
        'account.history': 'Account.history',
      },
    },
    {
      title: 'a refused field is not fetched for the sake of one beside it in the same subgraph',
      says: 'notResolved',
      as: nobody,
      operation: '{ users { city bio } }',
      refused: { 'users.bio': 'User.bio' },
    },
    {
      title: 'a refused policy is not fetched from a second subgraph',
      says: 'policyStops',
      as: member(),
      operation: '{ account { balance audit } }',
      refused: { 'account.audit': 'Account.audit' },
    },
  ],
};
