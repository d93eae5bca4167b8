import type { Session } from '@signet/session';
import { buildSchema, type GraphQLSchema, getVariableValues, Kind, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileOperationGuard, maxOperationSize } from './operation-guard.ts';
import { readRuleBook, withPoliciesByToken } from './rule-book.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

const directives = `
  directive @public on OBJECT | FIELD_DEFINITION
  directive @authenticated on OBJECT | FIELD_DEFINITION | INTERFACE
  directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION
  directive @policy(policies: [[String!]!]!) on OBJECT | FIELD_DEFINITION
  directive @platform(is: Platform!) on OBJECT | FIELD_DEFINITION
  enum Platform { USER PORTAL }`;
const sdl = `${directives}
  type Query {
    open(text: String): String @public
    mine: String @platform(is: USER)
    theirs: String @platform(is: PORTAL)
    stock: String @platform(is: PORTAL) @requiresScopes(scopes: [["customers:write"]])
    judged: String @policy(policies: [["x"]])
    naked: String
    media: [Media] @public
    found: Found @public
    node: Node @public
    person: Person @public
  }
  type Mutation { open: String @public change: String @platform(is: PORTAL) }
  type Subscription { ticks: Int @authenticated }
  type Person @public { id: ID friend: Person email: String @platform(is: USER) }
  interface Node { id: ID }
  interface Media implements Node @authenticated { id: ID title: String author: Person }
  type Book implements Node & Media @public { id: ID title: String author: Person pages: Int }
  type Film implements Node & Media @platform(is: PORTAL) { id: ID title: String author: Person }
  type Song implements Node & Media @public { id: ID title: String @platform(is: USER) author: Person }
  type Page implements Node @public { id: ID text: String @platform(is: USER) }
  union Found = Book | Film | Page`;
const schema = buildSchema(sdl);
const book = readRuleBook(parse(sdl));

type Options = { variables?: Record<string, unknown>; operationName?: string; schema?: GraphQLSchema };

/** What is refused, as `path: reason`. The operation must be valid, as it is at the gateway. */
function refuse(session: Session, source: string, { variables = {}, operationName }: Options = {}): string[] {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const operation = document.definitions.find(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName),
  );
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no such operation');
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  const guard = compileOperationGuard(schema, book, document, operation);
  return guard(session, coerced ?? {}).map(
    ({ path, reason }) => `${path.join('.')}: ${reason.replace(/^.*\.(\w+\.)/, '$1')}`,
  );
}
const user = userSession();
const staff = portalSession(['customers:write']);

describe('an operation', () => {
  it('is refused at every path that the caller may not have, with the reason of each', () => {
    const query = '{ open mine theirs stock naked judged person { email } }';
    expect(refuse(user, query).sort()).toEqual([
      'naked: permission.deny',
      'stock: platform.deny',
      'theirs: platform.deny',
    ]);
    expect(refuse(staff, query).sort()).toEqual([
      'mine: platform.deny',
      'naked: permission.deny',
      'person.email: platform.deny',
    ]);
    expect(refuse(portalSession(), '{ stock theirs }')).toEqual(['stock: scope.deny']);
    expect(refuse(anonymousSession, query).sort()).toEqual([
      'judged: failure.missing_token',
      'mine: failure.missing_token',
      'naked: permission.deny',
      'person.email: failure.missing_token',
      'stock: failure.missing_token',
      'theirs: failure.missing_token',
    ]);
  });

  it('is let through where the caller may have all, and policies are left to the subgraph', () => {
    expect(refuse(user, '{ open mine judged person { id friend { email } } }')).toEqual([]);
    expect(refuse(anonymousSession, '{ open person { friend { friend { id } } } }')).toEqual([]);
  });

  it('names the place in the answer, and what is asked there twice once', () => {
    const query =
      '{ mine: theirs a: person { b: friend { c: email } b: friend { c: email } } ...F ...F } fragment F on Query { x: theirs }';
    expect(refuse(anonymousSession, query).sort()).toEqual([
      'a.b.c: failure.missing_token',
      'mine: failure.missing_token',
      'x: failure.missing_token',
    ]);
  });

  it('is followed into fragments in fragments, and inline ones without a type', () => {
    const query = `{ ...A }
      fragment A on Query { ... { ...B } }
      fragment B on Query { ... on Query { person { ...C } } }
      fragment C on Person { ... { friend { ... { email } } } }`;
    expect(refuse(staff, query)).toEqual(['person.friend.email: platform.deny']);
  });

  it('is the one that was named', () => {
    const query = 'query A { mine } query B { theirs } mutation C { change }';
    expect(refuse(user, query, { operationName: 'A' })).toEqual([]);
    expect(refuse(user, query, { operationName: 'B' })).toEqual(['theirs: platform.deny']);
    expect(refuse(user, query, { operationName: 'C' })).toEqual(['change: platform.deny']);
  });

  it('may ask for what tells of types, on any type', () => {
    const query =
      '{ __typename __schema { types { name } } __type(name: "Film") { name } media { __typename } }';
    expect(refuse(anonymousSession, query)).toEqual([]);
  });

  it('is refused where it asks for an object of a guarded type, whatever it selects of it', () => {
    const guarded = `${directives}
      type Query { account: Account @public accounts: [Account!]! @public found: Found @public pages: [Page] @public }
      type Mutation { change: Account @public }
      type Account @platform(is: PORTAL) { id: ID }
      type Open @public { id: ID }
      union Found = Account | Open
      interface Page @authenticated { id: ID }
      type Article implements Page @public { id: ID }`;
    const refuseAt = (source: string) => {
      const document = parse(source);
      const [operation] = document.definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
      const guard = compileOperationGuard(
        buildSchema(guarded),
        readRuleBook(parse(guarded)),
        document,
        operation,
      );
      return guard(anonymousSession, {}).map(({ path }) => path.join('.'));
    };
    expect(refuseAt('{ account { __typename } }')).toEqual(['account']);
    expect(refuseAt('{ a: accounts { ... @skip(if: true) { id } } }')).toEqual(['a']);
    expect(refuseAt('mutation { change { ... @skip(if: true) { id } } }')).toEqual(['change']);
    expect(refuseAt('{ found { ... on Account { __typename } } }')).toEqual(['found.__typename']);
    expect(refuseAt('{ found { __typename ... on Open { id } } }')).toEqual([]);
    expect(refuseAt('{ pages { __typename } }')).toEqual(['pages']);
    expect(refuseAt('{ pages { id } }')).toEqual(['pages', 'pages.id']);
  });

  it('is refused by a policy that the token decides, and only by that', () => {
    const document = parse('{ judged }');
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
    const refuseBy = (rules: typeof book, session: Session) =>
      compileOperationGuard(schema, rules, document, operation)(session, {}).map(({ reason }) => reason);
    const byToken = withPoliciesByToken(book);
    expect(refuseBy(book, user)).toEqual([]);
    expect(refuseBy(byToken, user)).toEqual(['authz.permission.deny']);
    expect(refuseBy(byToken, { ...user, policies: new Set(['y']) })).toEqual(['authz.permission.deny']);
    expect(refuseBy(byToken, { ...user, policies: new Set(['x']) })).toEqual([]);
    expect(refuseBy(byToken, anonymousSession)).toEqual(['auth.failure.missing_token']);
  });

  it('is refused on the roots of mutations and subscriptions too', () => {
    expect(refuse(user, 'mutation { open a: change }')).toEqual(['a: platform.deny']);
    expect(refuse(anonymousSession, 'subscription { ticks }')).toEqual(['ticks: failure.missing_token']);
    expect(refuse(user, 'subscription { ticks }')).toEqual([]);
  });
});

describe('through an interface or a union', () => {
  it('every implementation must be allowed', () => {
    expect(refuse(user, '{ media { id } }')).toEqual(['media.id: platform.deny']);
    expect(refuse(staff, '{ media { id } }')).toEqual([]);
    // Film is for staff, a song's title for customers.
    expect(refuse(staff, '{ media { title } }')).toEqual(['media.title: platform.deny']);
    expect(refuse(user, '{ found { ... on Node { id } } }')).toEqual(['found.id: platform.deny']);
    expect(refuse(user, '{ node { id } }')).toEqual(['node.id: platform.deny']);
  });

  it('only those that the enclosing type conditions allow', () => {
    expect(refuse(user, '{ media { ... on Book { title pages } ... on Song { title } } }')).toEqual([]);
    expect(refuse(user, '{ node { ... on Page { id ... on Node { id } } } }')).toEqual([]);
    expect(refuse(user, '{ node { ... on Media { id } } }')).toEqual(['node.id: platform.deny']);
    expect(refuse(user, '{ node { ... on Media { ... on Book { ... on Media { title } } } } }')).toEqual([]);
    // Only books and films are both.
    expect(refuse(staff, '{ found { ... on Media { title } } }')).toEqual([]);
    expect(refuse(staff, '{ found { ... on Node { id } ... on Page { text } } }')).toEqual([
      'found.text: platform.deny',
    ]);
  });

  it('the fields below are asked for too', () => {
    expect(refuse(staff, '{ media { author { email } } }')).toEqual(['media.author.email: platform.deny']);
    expect(refuse(user, '{ media { ... on Book { author { email } } } }')).toEqual([]);
  });

  it('rules on the interface itself are ignored', () => {
    expect(refuse(anonymousSession, '{ media { ... on Book { ... on Media { id } } } }')).toEqual([]);
  });
});

describe('@skip and @include', () => {
  const isAsked = (
    field: string,
    declared = '',
    variables: Record<string, unknown> = {},
    fragment = '',
  ): boolean =>
    refuse(user, `query ${declared && `(${declared})`} { open ${field} } ${fragment}`, { variables }).length >
    0;

  it.each([
    ['theirs @include(if: true)', true],
    ['theirs @include(if: false)', false],
    ['theirs @skip(if: true)', false],
    ['theirs @skip(if: false)', true],
    ['theirs @skip(if: false) @include(if: true)', true],
    ['theirs @skip(if: false) @include(if: false)', false],
    ['theirs @skip(if: true) @include(if: true)', false],
    ['theirs @include(if: false) theirs', true],
    ['... @include(if: false) { theirs }', false],
    ['... @skip(if: false) { theirs @include(if: true) }', true],
    ['... on Query @include(if: true) { theirs @skip(if: true) }', false],
  ])('with literals: %s', (field, expected) => {
    expect(isAsked(field)).toBe(expected);
  });

  it.each([
    ['theirs @include(if: $a)', { a: true }, true],
    ['theirs @include(if: $a)', { a: false }, false],
    ['theirs @skip(if: $a)', { a: true }, false],
    ['theirs @skip(if: $a)', { a: false }, true],
    ['theirs @skip(if: $a) @include(if: $a)', { a: true }, false],
    ['theirs @skip(if: $a) @include(if: $a)', { a: false }, false],
    ['theirs @include(if: $a) @skip(if: $b)', { a: true, b: false }, true],
    ['theirs @include(if: $a) @skip(if: $b)', { a: true, b: true }, false],
    ['... @include(if: $a) { ... @skip(if: $b) { theirs } }', { a: true, b: false }, true],
    ['... @include(if: $a) { ... @skip(if: $b) { theirs } }', { a: false, b: false }, false],
    ['... @include(if: $a) { ... @skip(if: $b) { theirs } }', { a: true, b: true }, false],
    ['x: theirs @include(if: $a) x: theirs @skip(if: $a)', { a: true }, true],
    ['x: theirs @include(if: $a) x: theirs @skip(if: $a)', { a: false }, true],
  ])('with variables: %s, %o', (field, variables, expected) => {
    expect(
      isAsked(
        `${field} v: open @include(if: $a) w: open @include(if: $b)`,
        '$a: Boolean!, $b: Boolean = false',
        variables,
      ),
    ).toBe(expected);
  });

  it('with defaults', () => {
    const declared = '$yes: Boolean = true, $no: Boolean! = false';
    const used = 'v: open @include(if: $yes) w: open @include(if: $no)';
    expect(isAsked(`theirs @include(if: $yes) ${used}`, declared)).toBe(true);
    expect(isAsked(`theirs @include(if: $no) ${used}`, declared)).toBe(false);
    expect(isAsked(`theirs @skip(if: $yes) ${used}`, declared)).toBe(false);
    expect(isAsked(`theirs @skip(if: $yes) ${used}`, declared, { yes: false })).toBe(true);
    expect(isAsked(`theirs @include(if: $no) ${used}`, declared, { no: true })).toBe(true);
  });

  it('a null leaves nothing out', () => {
    const declared = '$a: Boolean = true';
    expect(isAsked('theirs @skip(if: $a)', declared, { a: null })).toBe(true);
    expect(isAsked('theirs @include(if: $a)', declared, { a: null })).toBe(true);
  });

  it('around a fragment count where it is spread, not where it is spread again', () => {
    const fragment = 'fragment F on Query { theirs }';
    const declared = '$a: Boolean!';
    expect(isAsked('...F @include(if: $a)', declared, { a: false }, fragment)).toBe(false);
    expect(isAsked('...F @include(if: $a)', declared, { a: true }, fragment)).toBe(true);
    expect(isAsked('...F @include(if: $a) ...F', declared, { a: false }, fragment)).toBe(true);
  });
});

describe('an operation that unfolds', () => {
  /** Each of `count` fragments spreads the next one twice, below a field or beside it. */
  const bomb = (count: number, below: boolean) => {
    const last = `fragment F${count} on Person { id }`;
    const spread = (next: number) =>
      below ? `a: friend { ...F${next} } b: friend { ...F${next} }` : `...F${next} ... { ...F${next} }`;
    const fragments = Array.from(
      { length: count },
      (_, i) => `fragment F${i} on Person { ${spread(i + 1)} }`,
    );
    return `{ person { ...F0 } } ${fragments.join('\n')} ${last}`;
  };
  const compile = (source: string) => {
    const document = parse(source);
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
    return compileOperationGuard(schema, book, document, operation);
  };

  it.each([
    ['beside', false],
    ['below', true],
  ])('without end, fragments %s fields, is refused as a whole', (_, below) => {
    // Its 2^1000 selections would take longer than any timeout: that this ends shows that the walk stops at the limit.
    const guard = compile(bomb(1000, below));
    expect(guard(staff, {})).toEqual([expect.objectContaining({ path: [], reason: 'input.query' })]);
  });

  it('beyond the limit by depth alone is refused', () => {
    const chain = (depth: number) =>
      `{ person { ${'friend { '.repeat(depth)} email ${'} '.repeat(depth)} } }`;
    expect(compile(chain(50))(staff, {})).toMatchObject([{ reason: 'authz.platform.deny' }]);
    expect(compile(chain(50))(staff, {})[0]?.path).toHaveLength(52);
    expect(compile(chain(1000))(staff, {})).toMatchObject([{ reason: 'input.query' }]);
  });

  it('within the limit is judged, a thousand fields of it', () => {
    const fields = Array.from({ length: 1000 }, (_, i) => `f${i}: email`).join(' ');
    const guard = compile(`{ person { friend { friend { ${fields} } } } }`);
    expect(guard(staff, {})).toHaveLength(1000);
    expect(guard(user, {})).toEqual([]);
    expect(guard.size).toBeLessThan(maxOperationSize / 5);
  });
});

it('holds nothing of a caller: one guard answers each as if alone', () => {
  const document = parse('{ mine theirs }');
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const guard = compileOperationGuard(schema, book, document, operation);
  const paths = (session: Session) => guard(session, {}).map(({ path }) => path.join('.'));
  for (let round = 0; round < 3; round++) {
    expect(paths(user)).toEqual(['theirs']);
    expect(paths(staff)).toEqual(['mine']);
    expect(paths(anonymousSession)).toEqual(['mine', 'theirs']);
  }
});
