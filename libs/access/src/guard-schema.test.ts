import { parse, subscribe } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ask, buildGuarded } from './guarded-subgraph.test-support.ts';
import { anonymousSession, portalSession, userSession } from './sessions.test-support.ts';

const missing = 'auth.failure.missing_token';
const wrongPlatform = 'authz.platform.deny';

const sdl = `
  type Query {
    open: String @public
    naked: String
    forUsers: String @platform(is: USER)
    forStaff: String @platform(is: PORTAL) @requiresScopes(scopes: "customers:write")
    media: [Media] @public
    found: [Found] @public
    secret: Secret @public
    _sneaky: _Sneaky @public
  }
  type Mutation { change: String @authenticated }
  interface Media { id: ID title: String }
  type Book implements Media @public { id: ID title: String pages: Int @platform(is: USER) }
  type Film implements Media @platform(is: PORTAL) { id: ID title: String }
  union Found = Book | Film
  type Secret { byDefault: String @platform(is: PORTAL) byMethod: String @authenticated nothing: Int }
  type _Sneaky { _entities: String _service: String @authenticated }`;

const media = [
  { __typename: 'Book', id: 'b1', title: 'Emma', pages: 300 },
  { __typename: 'Film', id: 'f1', title: 'Metropolis' },
  { __typename: 'Book', id: 'b2', title: 'Ulysses', pages: 700 },
];
const schema = buildGuarded({
  sdl,
  resolvers: {
    Query: {
      open: () => 'open',
      naked: (_parent: unknown, _args: unknown, { calls }: { calls: string[] }) => calls.push('naked'),
      forUsers: (_parent: unknown, _args: unknown, { calls }: { calls: string[] }) => {
        calls.push('forUsers');
        return 'for users';
      },
      forStaff: () => 'for staff',
      media: () => media,
      found: () => media,
      secret: () => ({ byDefault: 'd', byMethod: () => 'm', nothing: 1 }),
      _sneaky: () => ({ _entities: 'e', _service: 's' }),
    },
    Mutation: { change: () => 'changed' },
  },
});
const staff = portalSession(['customers:write']);

describe('a guarded field', () => {
  it('is there for whom its rule names, and for nobody else', async () => {
    const query = '{ open forUsers forStaff }';
    expect(await ask(schema, anonymousSession, query)).toMatchObject({
      data: { open: 'open', forUsers: null, forStaff: null },
      refused: { forUsers: missing, forStaff: missing },
      calls: [],
    });
    expect(await ask(schema, userSession(), query)).toMatchObject({
      data: { open: 'open', forUsers: 'for users', forStaff: null },
      refused: { forStaff: wrongPlatform },
    });
    expect(await ask(schema, staff, query)).toMatchObject({
      data: { open: 'open', forUsers: null, forStaff: 'for staff' },
      refused: { forUsers: wrongPlatform },
      calls: [],
    });
    expect((await ask(schema, portalSession(), query)).refused.forStaff).toBe('authz.scope.deny');
  });

  it('is refused to everybody when it has no rule, and never resolved', async () => {
    for (const session of [anonymousSession, userSession(), staff]) {
      const answer = await ask(schema, session, '{ naked secret { nothing } }');
      expect(answer.data).toEqual({ naked: null, secret: { nothing: null } });
      expect(answer.calls).toEqual([]);
    }
  });

  it('is guarded under an alias, in fragments, and where a directive lets it in', async () => {
    const query = `query ($yes: Boolean = true, $no: Boolean = false) {
      open: forUsers
      ... { a: forUsers } ...F
      b: forUsers @include(if: $yes) c: forUsers @skip(if: $no) d: forUsers @include(if: $no)
    } fragment F on Query { e: forUsers ... on Query @skip(if: $no) { f: forUsers } }`;
    const { refused, calls } = await ask(schema, anonymousSession, query);
    expect(Object.keys(refused).sort()).toEqual(['a', 'b', 'c', 'e', 'f', 'open']);
    expect(calls).toEqual([]);
  });

  it('is guarded where the parent object holds the value, or a method that gives it', async () => {
    const query = '{ secret { byDefault byMethod } }';
    expect(await ask(schema, anonymousSession, query)).toMatchObject({
      data: { secret: { byDefault: null, byMethod: null } },
      refused: { 'secret.byDefault': missing, 'secret.byMethod': missing },
    });
    expect((await ask(schema, staff, query)).data).toEqual({ secret: { byDefault: 'd', byMethod: 'm' } });
  });

  it('is guarded by the rule of the type that a value has, through an interface and a union, one by one', async () => {
    for (const field of ['media', 'found']) {
      const spread = field === 'media' ? 'title' : '... on Media { title }';
      const query = `{ ${field} { __typename ${spread} ... on Book { pages } } }`;
      expect(await ask(schema, userSession(), query)).toMatchObject({
        data: {
          [field]: [
            { __typename: 'Book', title: 'Emma', pages: 300 },
            { __typename: 'Film', title: null },
            { __typename: 'Book', title: 'Ulysses', pages: 700 },
          ],
        },
        refused: { [`${field}.1.title`]: wrongPlatform },
      });
      const { refused } = await ask(schema, staff, query);
      expect(Object.keys(refused)).toEqual([`${field}.0.pages`, `${field}.2.pages`]);
    }
  });

  it('is guarded on a type or under a name that looks like federation’s own', async () => {
    const { data } = await ask(schema, anonymousSession, '{ _sneaky { _entities _service } }');
    expect(data).toEqual({ _sneaky: { _entities: null, _service: null } });
    expect((await ask(schema, anonymousSession, '{ _service { sdl } }')).refused).toEqual({});
  });

  it('is guarded on mutations', async () => {
    expect((await ask(schema, anonymousSession, 'mutation { change }')).refused).toEqual({ change: missing });
    expect((await ask(schema, userSession(), 'mutation { change }')).data).toEqual({ change: 'changed' });
  });

  it('is refused where the context has no session', async () => {
    const { data } = await ask(schema, undefined as never, '{ forUsers }');
    expect(data).toEqual({ forUsers: null });
  });
});

describe('a field that returns an object', () => {
  const ofObjects = buildGuarded({
    sdl: `
      type Query {
        many: [[Staff!]!]! @public
        any: Any @public
        some: Some @public
        twice: Staff @authenticated
        naked: Plain
        loose: Loose @public
        kept: Kept @public
      }
      type Mutation { wipe: Plain @public }
      type Plain implements Some @authenticated { ok: Boolean }
      type Staff @platform(is: PORTAL) @requiresScopes(scopes: "customers:write") { ok: Boolean }
      type Loose { ok: Boolean @authenticated }
      type Kept @policy(policies: "never") { ok: Boolean }
      union Any = Plain | Staff
      interface Some { ok: Boolean }
      extend type Plain @requiresScopes(scopes: "customers:read")`,
    policies: { never: () => false },
    before: (built) => {
      for (const type of [built.getQueryType(), built.getMutationType()]) {
        for (const field of Object.values(type?.getFields() ?? {})) {
          field.resolve ??= (_parent, _args, { calls }) => {
            calls.push(field.name);
            return field.name === 'many' ? [[{ ok: true }]] : { __typename: 'Plain', ok: true };
          };
        }
      }
      return built;
    },
  });
  const reader = userSession('ada', ['customers:read']);

  it("runs only for a session that meets that type's rule, whatever is selected of the object", async () => {
    const mutation = 'mutation { wipe { __typename } }';
    expect(await ask(ofObjects, anonymousSession, mutation)).toEqual({
      data: { wipe: null },
      refused: { wipe: missing },
      calls: [],
    });
    expect(await ask(ofObjects, userSession(), mutation)).toMatchObject({
      refused: { wipe: 'authz.scope.deny' },
      calls: [],
    });
    expect(await ask(ofObjects, reader, mutation)).toEqual({
      data: { wipe: { __typename: 'Plain' } },
      refused: {},
      calls: ['wipe'],
    });
  });

  it('holds it in lists, beside a rule of its own, and needs one of its own too', async () => {
    expect(await ask(ofObjects, reader, '{ a: twice { __typename } naked { __typename } }')).toMatchObject({
      data: { a: null, naked: null },
      refused: {
        a: wrongPlatform,
        naked: 'Query.naked has no access rule, on itself or on its type, so nobody gets it.',
      },
      calls: [],
    });
    const many = '{ many { __typename } }';
    expect(await ask(ofObjects, reader, many)).toMatchObject({ refused: { many: wrongPlatform }, calls: [] });
    expect((await ask(ofObjects, staff, many)).data).toEqual({ many: [[{ __typename: 'Staff' }]] });
  });

  it('leaves interfaces, unions and rules on fields of the object to those fields', async () => {
    const query = '{ any { __typename } some { ok } loose { __typename ok } }';
    expect(await ask(ofObjects, anonymousSession, query)).toEqual({
      data: { any: { __typename: 'Plain' }, some: { ok: null }, loose: { __typename: 'Loose', ok: null } },
      refused: { 'some.ok': missing, 'loose.ok': missing },
      calls: ['any', 'some', 'loose'],
    });
  });

  it('asks for a session where a policy is on the type, and judges the policy at the fields of the object', async () => {
    const query = '{ kept { __typename ok } }';
    expect(await ask(ofObjects, anonymousSession, query)).toMatchObject({
      refused: { kept: missing },
      calls: [],
    });
    expect(await ask(ofObjects, userSession(), query)).toEqual({
      data: { kept: { __typename: 'Kept', ok: null } },
      refused: { 'kept.ok': 'authz.permission.deny' },
      calls: ['kept'],
    });
  });
});

it('refuses a subscription before it begins', async () => {
  let begun = 0;
  const guarded = buildGuarded({
    sdl: `type Query { a: Int @public } type Subscription { ticks: Int @authenticated naked: Int open: Int @public object: Tick @public }
      type Tick @authenticated { at: Int }`,
    before: (built) => {
      for (const field of Object.values(built.getSubscriptionType()?.getFields() ?? {})) {
        field.subscribe = async function* () {
          begun += 1;
          yield { [field.name]: 1 };
        };
      }
      return built;
    },
  });
  const begin = async (field: string, session: unknown) => {
    const source = await subscribe({
      schema: guarded,
      document: parse(`subscription { ${field} }`),
      contextValue: { session },
    });
    return Symbol.asyncIterator in source ? (await source.next()).value : source;
  };
  expect(await begin('ticks', anonymousSession)).toMatchObject({ errors: [{ path: ['ticks'] }] });
  expect(await begin('naked', staff)).toMatchObject({ errors: [{ path: ['naked'] }] });
  expect(await begin('object { __typename }', anonymousSession)).toMatchObject({
    errors: [{ path: ['object'] }],
  });
  expect(begun).toBe(0);
  expect(await begin('ticks', userSession())).toMatchObject({ data: { ticks: 1 } });
  expect(await begin('open', anonymousSession)).toMatchObject({ data: { open: 1 } });
});
