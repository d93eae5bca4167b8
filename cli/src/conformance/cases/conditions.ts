import { type CaseArea, nobody } from './case.ts';

const signedIn = { signedIn: 'Query.signedIn' };

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
