import { type CaseArea, holder, member, nobody } from './case.ts';

const typeNames = '{ __schema { types { name } directives { name } } }';

export const introspection: CaseArea = {
  name: 'introspection',
  cases: [
    {
      title: 'shows guarded fields, or is off',
      says: 'introspection',
      as: nobody,
      operation: '{ __type(name: "User") { fields { name } } }',
      accepts: (data) => /"bio"/.test(JSON.stringify(data)),
    },
    {
      title: 'shows guarded types, or is off',
      says: 'introspection',
      as: nobody,
      operation: typeNames,
      accepts: (data) => /"Account"/.test(JSON.stringify(data)),
    },
    {
      title: 'shows no federation fields and types',
      says: 'entities',
      as: member(),
      operation: typeNames,
      accepts: (data) => !/"_Entity"|"_Service"|join__/.test(JSON.stringify(data)),
    },
    {
      title: 'shows nothing of who may have a field',
      says: 'introspection',
      as: member(),
      operation:
        '{ __schema { types { description fields { name description args { name description } } } } }',
      hides: ['read:one', 'read:email'],
      accepts: () => true,
    },
    {
      title: '__typename of the query is open',
      says: 'removed',
      as: nobody,
      operation: '{ __typename open }',
    },
    {
      title: 'introspection beside a guarded field opens nothing',
      says: 'authenticated',
      as: nobody,
      operation: '{ __schema { queryType { name } } signedIn }',
      refused: { signedIn: 'Query.signedIn' },
      mayHideMore: true,
    },
  ],
};

const cached = (n: number) => `query Cached${n} { open signedIn users { username email } }`;
const refusedToNobody = { signedIn: 'Query.signedIn', 'users.email': 'User.email' };

export const caches: CaseArea = {
  name: 'one text, several callers',
  cases: [
    {
      title: 'a plan made for a member gives nobody more',
      says: 'deduplication',
      before: [{ as: member('read:email'), operation: cached(1) }],
      as: nobody,
      operation: cached(1),
      refused: refusedToNobody,
    },
    {
      title: 'a plan made for nobody gives a member no less',
      says: 'deduplication',
      before: [{ as: nobody, operation: cached(2) }],
      as: member('read:email'),
      operation: cached(2),
    },
    {
      title: 'a plan made for one scope does not serve another',
      says: 'deduplication',
      before: [{ as: member('read:email'), operation: cached(3) }],
      as: member('read:one'),
      operation: cached(3),
      refused: { 'users.email': 'User.email' },
    },
    {
      title: 'after many callers, each gets their own',
      says: 'deduplication',
      before: [
        ...Array.from({ length: 5 }, () => ({ as: member('read:email'), operation: cached(4) })),
        ...Array.from({ length: 5 }, () => ({ as: nobody, operation: cached(4) })),
        ...Array.from({ length: 5 }, () => ({ as: member('read:email'), operation: cached(4) })),
      ],
      as: nobody,
      operation: cached(4),
      refused: refusedToNobody,
    },
    {
      title: 'the same, seen by the member',
      says: 'deduplication',
      before: [
        ...Array.from({ length: 5 }, () => ({ as: nobody, operation: cached(5) })),
        ...Array.from({ length: 5 }, () => ({ as: member(), operation: cached(5) })),
      ],
      as: member('read:email'),
      operation: cached(5),
    },
    {
      title: 'a bad token gets nothing of a plan made for a good one',
      says: 'validToken',
      before: [{ as: member('read:email'), operation: cached(6) }],
      as: { fault: 'expired', scopes: ['read:email'] },
      operation: cached(6),
      refused: refusedToNobody,
    },
    {
      title: 'a policy that held before does not hold for the next',
      says: 'policyNull',
      before: [{ as: holder(['one']), operation: 'query CachedPolicy { open policied }' }],
      as: member(),
      operation: 'query CachedPolicy { open policied }',
      refused: { policied: 'Query.policied' },
    },
  ],
};
