import { type CaseArea, holder, member, nobody } from './case.ts';

export const renamedImports: CaseArea = {
  name: 'renamed imports',
  cases: [
    {
      title: 'an open field',
      says: 'imported',
      graph: 'renamed',
      as: nobody,
      operation: '{ open user { username } }',
    },
    {
      title: 'refuses @authenticated under another name',
      says: 'imported',
      graph: 'renamed',
      as: nobody,
      operation: '{ open signedIn }',
      refused: { signedIn: 'Query.signedIn' },
    },
    {
      title: 'gives @authenticated under another name',
      says: 'imported',
      graph: 'renamed',
      as: member(),
      operation: '{ signedIn account { balance } }',
    },
    {
      title: 'refuses a type with @authenticated under another name',
      says: 'imported',
      graph: 'renamed',
      as: nobody,
      operation: '{ open account { balance } }',
      refused: { account: 'Query.account', 'account.balance': 'Account.balance' },
    },
    {
      title: 'refuses @requiresScopes under another name',
      says: 'imported',
      graph: 'renamed',
      as: member('read:two'),
      operation: '{ open scoped }',
      refused: { scoped: 'Query.scoped' },
    },
    {
      title: 'gives @requiresScopes under another name',
      says: 'imported',
      graph: 'renamed',
      as: member('read:one'),
      operation: '{ open scoped }',
    },
    {
      title: 'refuses a field of an entity',
      says: 'imported',
      graph: 'renamed',
      as: member(),
      operation: '{ user { username email } }',
      refused: { 'user.email': 'User.email' },
    },
    {
      title: 'refuses @policy under another name',
      says: 'imported',
      graph: 'renamed',
      as: member(),
      operation: '{ open policied }',
      refused: { policied: 'Query.policied' },
    },
    {
      title: 'gives @policy under another name',
      says: 'imported',
      graph: 'renamed',
      as: holder(['one']),
      needs: 'policies',
      operation: '{ open policied }',
    },
  ],
};

export const interfaceRules: CaseArea = {
  name: 'rules on interfaces, from earlier composition',
  cases: [
    {
      title: 'an open field',
      says: 'removed',
      graph: 'interfaces',
      as: nobody,
      operation: '{ open notes { text } }',
    },
    {
      title: 'refuses fields through a guarded interface',
      says: 'interfaceRule',
      graph: 'interfaces',
      as: nobody,
      operation: '{ open pages { title } }',
      refused: { pages: 'Query.pages', 'pages.title': 'Article.title' },
    },
    {
      title: 'gives fields through a guarded interface',
      says: 'locations',
      graph: 'interfaces',
      as: member(),
      operation: '{ pages { title } }',
    },
    {
      title: 'refuses a guarded field of an interface',
      says: 'scopeLocations',
      graph: 'interfaces',
      as: member('read:two'),
      operation: '{ open notes { text draft } }',
      refused: { 'notes.draft': 'Memo.draft' },
    },
    {
      title: 'gives a guarded field of an interface',
      says: 'scopeLocations',
      graph: 'interfaces',
      as: member('read:one'),
      operation: '{ notes { text draft } }',
    },
  ],
};
