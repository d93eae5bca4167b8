import { type CaseArea, holder, member, nobody } from './case.ts';

const one = (field: string) => ({ operation: `{ ${field} }`, refused: { [field]: `Query.${field}` } });
const allowed = (field: string) => ({ operation: `{ ${field} }` });
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
