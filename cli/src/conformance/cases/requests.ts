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

export const mutations: CaseArea = {
  name: 'mutations',
  cases: [
    {
      title: 'an open mutation runs',
      says: 'removed',
      as: nobody,
      operation: 'mutation { openChange(to: "a") }',
    },
    {
      title: 'a guarded mutation does not run',
      says: 'authenticated',
      as: nobody,
      operation: 'mutation { signedInChange(to: "a") }',
      refused: { signedInChange: 'Mutation.signedInChange' },
    },
    {
      title: 'a guarded mutation runs for a member',
      says: 'wholeQuery',
      as: member(),
      operation: 'mutation { signedInChange(to: "a") }',
    },
    {
      title: 'a mutation whose scope is missing does not run',
      says: 'scopes',
      as: member('read:one'),
      operation: 'mutation { scopedChange(to: "a") }',
      refused: { scopedChange: 'Mutation.scopedChange' },
    },
    {
      title: 'a mutation whose scope is there runs',
      says: 'scopes',
      as: member('write:one'),
      operation: 'mutation { scopedChange(to: "a") }',
    },
    {
      title: 'a mutation whose policy does not hold does not run',
      says: 'policy',
      as: member(),
      operation: 'mutation { policiedChange(to: "a") }',
      refused: { policiedChange: 'Mutation.policiedChange' },
    },
    {
      title: 'of two mutations the guarded one does not run',
      says: 'serial',
      as: nobody,
      operation: 'mutation { openChange(to: "a") signedInChange(to: "b") }',
      refused: { signedInChange: 'Mutation.signedInChange' },
    },
    {
      title: 'of two mutations the guarded one does not run though it comes first',
      says: 'serial',
      as: nobody,
      operation: 'mutation { signedInChange(to: "a") openChange(to: "b") }',
      refused: { signedInChange: 'Mutation.signedInChange' },
    },
    {
      title: 'a guarded field of what a mutation returns',
      says: 'authenticated',
      as: nobody,
      operation: 'mutation { changeUser(id: "1") { username bio } }',
      refused: { 'changeUser.bio': 'User.bio' },
    },
    {
      title: 'a mutation that returns a guarded type does not run',
      says: 'authenticated',
      as: nobody,
      operation: 'mutation { openChange(to: "a") changeAccount { balance } }',
      refused: { changeAccount: 'Mutation.changeAccount', 'changeAccount.balance': 'Account.balance' },
    },
    {
      title: 'a mutation that returns a guarded type does not run, whatever is selected',
      says: 'authenticated',
      as: nobody,
      operation: 'mutation { changeAccount { __typename } }',
      refused: { changeAccount: 'Mutation.changeAccount' },
      hides: ['"Account"'],
    },
    {
      title: 'a mutation that returns a guarded type does not run where everything in it is skipped',
      says: 'authenticated',
      as: nobody,
      operation: 'mutation { openChange(to: "a") changeAccount { ... @skip(if: true) { balance } } }',
      refused: { changeAccount: 'Mutation.changeAccount' },
    },
    {
      title: 'a guarded mutation under another name',
      says: 'responseKey',
      as: nobody,
      operation: 'mutation { openChange: signedInChange(to: "a") }',
      refused: { openChange: 'Mutation.signedInChange' },
    },
  ],
};

const stored = (n: number) => `query Stored${n} { open signedIn }`;

export const persistedOperations: CaseArea = {
  name: 'persisted operations',
  cases: [
    {
      title: 'an operation by its hash is refused like its text',
      says: 'persisted',
      needs: 'persisted operations',
      before: [{ as: member(), by: 'hash and text', operation: stored(1) }],
      as: nobody,
      by: 'hash',
      operation: stored(1),
      refused: { signedIn: 'Query.signedIn' },
    },
    {
      title: 'an operation by its hash is given to a member',
      says: 'persisted',
      needs: 'persisted operations',
      before: [{ as: member('read:one'), by: 'hash and text', operation: stored(2) }],
      as: member(),
      by: 'hash',
      operation: stored(2),
    },
    {
      title: 'an operation that nobody may run is refused when it is stored',
      says: 'persisted',
      as: nobody,
      by: 'hash and text',
      operation: stored(3),
      needs: 'persisted operations',
      refused: { signedIn: 'Query.signedIn' },
    },
    {
      title: 'a bad token gets nothing by a hash',
      says: 'validToken',
      needs: 'persisted operations',
      before: [{ as: member(), by: 'hash and text', operation: stored(4) }],
      as: { fault: 'other key' },
      by: 'hash',
      operation: stored(4),
      refused: { signedIn: 'Query.signedIn' },
    },
  ],
};

export const subscriptions: CaseArea = {
  name: 'subscriptions',
  cases: [
    {
      title: 'an open subscription has its event',
      says: 'removed',
      needs: 'subscriptions',
      as: nobody,
      by: 'subscription',
      operation: 'subscription { openTicks }',
    },
    {
      title: 'a guarded subscription gives nobody an event',
      says: 'authenticated',
      needs: 'subscriptions',
      as: nobody,
      by: 'subscription',
      operation: 'subscription { signedInTicks }',
      refused: { signedInTicks: 'Subscription.signedInTicks' },
    },
    {
      title: 'a guarded subscription gives a member its event',
      says: 'wholeQuery',
      needs: 'subscriptions',
      as: member(),
      by: 'subscription',
      operation: 'subscription { signedInTicks }',
    },
    {
      title: 'a subscription whose scope is missing',
      says: 'scopes',
      needs: 'subscriptions',
      as: member('read:two'),
      by: 'subscription',
      operation: 'subscription { scopedTicks }',
      refused: { scopedTicks: 'Subscription.scopedTicks' },
    },
    {
      title: 'a guarded field of an event, from a second subgraph',
      says: 'authenticated',
      needs: 'subscriptions',
      as: nobody,
      by: 'subscription',
      operation: 'subscription { userChanged { username bio } }',
      refused: { 'userChanged.bio': 'User.bio' },
    },
  ],
};
