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
