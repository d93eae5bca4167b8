import { type CaseArea, member, nobody } from './case.ts';

const signedIn = { signedIn: 'Query.signedIn' };

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
