import { type CaseArea, member, nobody } from './case.ts';

/** A customer as whom a member of staff acts (RFC 8693, section 4.1). */
const acted = { claims: { act: { sub: 'support' } } };
const actedWithScope = { ...acted, scopes: ['read:one'] };
/** Many issuers write it into everybody's tokens: it makes nobody a service. */
const withClient = { claims: { client_id: 'frontend' } };
const person = member('read:one');
const text = (n: number) => `query Seen${n} { open seen own }`;

/**
 * `@callers` of Signet. Gateways of other makes do not know it. Only Signet's own issuer makes tokens of services, so that here
 * fields for services alone are tried by those who are none; gateway/src/entrance/token-kinds.test.ts has the others.
 */
export const kindsOfCallers: CaseArea = {
  name: '@callers',
  cases: (
    [
      { title: 'gives persons what names them', as: person, operation: '{ open own seen scopedSeen }' },
      { title: 'gives who acts as a customer what names them', as: acted, operation: '{ open seen }' },
      {
        title: 'a rule without it is for persons alone',
        as: acted,
        operation: '{ open own }',
        refused: { own: 'Query.own' },
      },
      {
        title: 'what is for services alone is not for persons',
        as: person,
        operation: '{ open machine }',
        refused: { machine: 'Query.machine' },
      },
      {
        title: 'what is for services alone is not for who acts as a customer',
        as: acted,
        operation: '{ open machine }',
        refused: { machine: 'Query.machine' },
      },
      {
        title: 'client_id in the token of another issuer makes no service',
        as: withClient,
        operation: '{ open own machine }',
        refused: { machine: 'Query.machine' },
      },
      {
        title: 'it admits nobody without a token',
        as: nobody,
        operation: '{ open seen }',
        refused: { seen: 'Query.seen' },
      },
      {
        title: 'it takes no scope’s place',
        as: acted,
        operation: '{ open scopedSeen }',
        refused: { scopedSeen: 'Query.scopedSeen' },
      },
      { title: 'the scope and the kind of caller', as: actedWithScope, operation: '{ open scopedSeen }' },
      {
        title: 'a scope takes its place no more',
        as: actedWithScope,
        operation: '{ open scoped }',
        refused: { scoped: 'Query.scoped' },
      },
      {
        title: 'of two on one field who is in both is admitted',
        as: acted,
        operation: '{ open narrow }',
        refused: { narrow: 'Query.narrow' },
      },
      { title: 'of two on one field, who is in both', as: person, operation: '{ narrow }' },
      {
        title: 'of those of two subgraphs who is in both is admitted',
        as: acted,
        operation: '{ open sharedSeen }',
        refused: { sharedSeen: 'Query.sharedSeen' },
      },
      { title: 'of those of two subgraphs, who is in both', as: person, operation: '{ sharedSeen }' },
      {
        title: 'on a type: its fields without a rule',
        as: acted,
        operation: '{ open folder { title } }',
      },
      {
        title: 'on a type: a field whose own rule is without it',
        as: actedWithScope,
        operation: '{ open folder { title secret } }',
        refused: { 'folder.secret': 'Folder.secret' },
      },
      {
        title: 'on a type: a field that a second subgraph adds',
        as: acted,
        operation: '{ open folder { title history } }',
        refused: { 'folder.history': 'Folder.history' },
      },
      {
        title: 'a type whose rule is without it does not tell that there is an object',
        as: acted,
        operation: '{ open drawer { __typename } }',
        refused: { drawer: 'Query.drawer' },
        hides: ['"Drawer"'],
      },
      { title: 'a type whose rule is without it, for persons', as: person, operation: '{ drawer { key } }' },
      {
        title: 'in fragments inside each other',
        as: acted,
        operation: '{ open ...F } fragment F on Query { ... on Query { own } }',
        refused: { own: 'Query.own' },
      },
      {
        title: 'under another name',
        says: 'responseKey',
        as: acted,
        operation: '{ seen: own open }',
        refused: { seen: 'Query.own' },
      },
      {
        title: 'what is skipped asks for nothing',
        says: 'skipStep',
        as: acted,
        operation: 'query ($if: Boolean!) { open own @skip(if: $if) }',
        variables: { if: true },
      },
      {
        title: 'a plan made for a person does not serve who acts as one',
        says: 'deduplication',
        before: [{ as: person, operation: text(1) }],
        as: acted,
        operation: text(1),
        refused: { own: 'Query.own' },
      },
      {
        title: 'a plan made for who acts as a customer gives persons no less',
        says: 'deduplication',
        before: [{ as: acted, operation: text(2) }],
        as: person,
        operation: text(2),
      },
      {
        title: 'a mutation does not run for who acts as a customer',
        as: acted,
        operation: 'mutation { ownChange }',
        refused: { ownChange: 'Mutation.ownChange' },
      },
      { title: 'a mutation that names them runs', as: acted, operation: 'mutation { seenChange }' },
    ] satisfies Partial<CaseArea['cases'][number]>[]
  ).map((one) => ({ says: 'callers', graph: 'callers', ...one })),
};
