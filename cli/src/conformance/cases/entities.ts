import { type CaseArea, holder, member, nobody } from './case.ts';

export const entities: CaseArea = {
  name: 'entities',
  cases: [
    {
      title: 'refuses a field that a second subgraph adds to an entity',
      says: 'authenticated',
      as: nobody,
      operation: '{ user(id: "1") { username bio } }',
      refused: { 'user.bio': 'User.bio' },
    },
    {
      title: 'gives a field that a second subgraph adds',
      says: 'wholeQuery',
      as: member(),
      operation: '{ user(id: "1") { username bio city } }',
    },
    {
      title: 'an open field of a second subgraph is open',
      says: 'removed',
      as: nobody,
      operation: '{ user(id: "1") { username city } }',
    },
    {
      title: 'a guarded entity is guarded in the second subgraph, which has no rule for it',
      says: 'composed',
      as: nobody,
      operation: '{ open account { history } }',
      refused: { account: 'Query.account', 'account.history': 'Account.history' },
    },
    {
      title: 'a guarded entity is given from both subgraphs',
      says: 'composed',
      as: member(),
      operation: '{ account { balance history } }',
    },
    {
      title: 'a policy in the second subgraph',
      says: 'policy',
      as: member(),
      operation: '{ account { history audit } }',
      refused: { 'account.audit': 'Account.audit' },
    },
    {
      title: 'a policy in the second subgraph holds',
      says: 'policy',
      as: holder(['one']),
      needs: 'policies',
      operation: '{ account { history audit } }',
    },
    {
      title: 'a client cannot ask for _entities',
      says: 'entities',
      as: nobody,
      operation: '{ _entities(representations: [{ __typename: "User", id: "1" }]) { ... on User { bio } } }',
      isInvalid: true,
      refused: { _entities: 'User.bio' },
    },
    {
      title: 'a member cannot ask for _entities either',
      says: 'entities',
      as: member(),
      operation:
        '{ _entities(representations: [{ __typename: "User", id: "1" }]) { ... on User { email } } }',
      isInvalid: true,
      refused: { _entities: 'User.email' },
    },
    {
      title: 'a client cannot ask for _service, which shows every rule',
      says: 'entities',
      as: nobody,
      operation: '{ _service { sdl } }',
      isInvalid: true,
      refused: {},
      hides: ['@requiresScopes'],
    },
  ],
};

export const keys: CaseArea = {
  name: '@key on guarded fields',
  cases: [
    {
      title: 'the key serves the gateway though the client may not have it',
      says: 'key',
      as: nobody,
      operation: '{ machine { name inStock } }',
    },
    {
      title: 'refuses the key to the client',
      says: 'key',
      as: nobody,
      operation: '{ open machine { name id inStock } }',
      refused: { 'machine.id': 'Machine.id' },
      mayFetch: ['Machine.id'],
    },
    {
      title: 'refuses the key under another name',
      says: 'key',
      as: nobody,
      operation: '{ open machine { number: id inStock } }',
      refused: { 'machine.number': 'Machine.id' },
      mayFetch: ['Machine.id'],
    },
    {
      title: 'refuses the key in a list',
      says: 'key',
      as: nobody,
      operation: '{ open machines { id name } }',
      refused: { 'machines.id': 'Machine.id' },
      mayFetch: ['Machine.id'],
    },
    {
      title: 'gives a member the key',
      says: 'key',
      as: member(),
      operation: '{ machines { id name inStock } }',
    },
    {
      title: 'the key does not come along unasked',
      says: 'key',
      as: nobody,
      operation: '{ machines { inStock } }',
      hides: ['id of Machine'],
    },
  ],
};

export const requires: CaseArea = {
  name: '@requires',
  cases: [
    {
      title: 'an open field that requires an open one',
      says: 'removed',
      as: nobody,
      operation: '{ machine { name parcel } }',
    },
    {
      title: 'refuses a field that requires a guarded one, and fetches neither',
      says: 'transitive',
      as: nobody,
      operation: '{ open machine { name shipping } }',
      refused: { 'machine.shipping': 'Machine.shipping' },
      hides: ['4240102'],
    },
    {
      title: 'a member without the scope is refused too',
      says: 'transitive',
      as: member(),
      operation: '{ machine { name shipping price } }',
      refused: { 'machine.shipping': 'Machine.shipping', 'machine.price': 'Machine.price' },
    },
    {
      title: 'the scope of both is enough',
      says: 'transitive',
      as: member('read:price'),
      operation: '{ machine { name shipping price } }',
    },
    {
      title: 'the required field does not come along unasked',
      says: 'transitive',
      as: member('read:price'),
      operation: '{ machine { shipping } }',
      hides: ['4240102'],
    },
    {
      title: 'what is required may be had where what requires it may not',
      says: 'transitive',
      as: member('read:price'),
      operation: '{ machine { price insured } }',
      refused: { 'machine.insured': 'Machine.insured' },
    },
    {
      title: 'a field with a stricter rule than what it requires',
      says: 'transitive',
      as: member('read:price', 'read:insurance'),
      operation: '{ machine { insured } }',
    },
    {
      title: 'two fields that require, one of them refused',
      says: 'transitive',
      as: nobody,
      operation: '{ machine { parcel shipping } }',
      refused: { 'machine.shipping': 'Machine.shipping' },
    },
  ],
};
