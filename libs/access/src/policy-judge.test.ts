import { describe, expect, it } from 'vitest';
import { type Answer, ask, buildGuarded, type Context } from './guarded-subgraph.test-support.ts';
import { createPolicyJudges, type PolicyTable } from './policies.ts';
import { anonymousSession, userSession } from './sessions.test-support.ts';

type Verdicts = Record<string, () => unknown>;

/** What becomes of a field with this rule, and perhaps one on its type, when the policies answer so. */
async function judge(rule: string, verdicts: Verdicts, typeRule = ''): Promise<Answer> {
  const policies = Object.fromEntries(
    Object.entries(verdicts).map(([name, verdict]) => [
      name,
      ({ calls }: Context) => {
        calls.push(name);
        return verdict() as boolean;
      },
    ]),
  );
  const schema = buildGuarded({
    sdl: `type Query ${typeRule} { it: String @policy(policies: ${rule}) }`,
    resolvers: { Query: { it: () => 'given' } },
    policies,
  });
  return ask(schema, userSession(), '{ it }');
}

const yes = () => true;
const no = () => false;
const later = (verdict: () => unknown) => async () => verdict();

describe.each([
  ['at once', (verdict: () => unknown) => verdict],
  ['later', later],
])('policies that answer %s', (_, when) => {
  it.each<[string, Verdicts, 'given' | null, string[]]>([
    ['[["a"]]', { a: yes }, 'given', ['a']],
    ['[["a"]]', { a: no }, null, ['a']],
    ['[["a", "b"]]', { a: yes, b: yes }, 'given', ['a', 'b']],
    ['[["a", "b"]]', { a: yes, b: no }, null, ['a', 'b']],
    ['[["a", "b"]]', { a: no, b: yes }, null, ['a']],
    ['[["a"], ["b"]]', { a: no, b: yes }, 'given', ['a', 'b']],
    ['[["a"], ["b"]]', { a: yes, b: no }, 'given', ['a']],
    ['[["a"], ["b"]]', { a: no, b: no }, null, ['a', 'b']],
    ['[["a", "b"], ["c"]]', { a: yes, b: no, c: yes }, 'given', ['a', 'b', 'c']],
    ['[["a", "b"], ["c"]]', { a: yes, b: no, c: no }, null, ['a', 'b', 'c']],
    ['[]', {}, null, []],
    ['[[]]', {}, null, []],
  ])('%s with %o', async (rule, verdicts, it, calls) => {
    const timed = Object.fromEntries(
      Object.entries(verdicts).map(([name, verdict]) => [name, when(verdict)]),
    );
    const answer = await judge(rule, timed);
    expect(answer.data).toEqual({ it });
    expect(answer.refused).toEqual(it ? {} : { it: 'authz.permission.deny' });
    expect(answer.calls).toEqual(calls);
  });

  it.each([
    [yes, yes, 'given'],
    [yes, no, null],
    [no, yes, null],
  ])('must all hold where the type and the field have a rule: %o and %o', async (a, b, it) => {
    const typeRule = '@policy(policies: "a")';
    expect((await judge('[["b"]]', { a: when(a), b: when(b) }, typeRule)).data).toEqual({ it });
  });

  it.each([1, 'yes', {}, [], 'true', null, undefined])(
    'refuse when they say %o: only true is a yes',
    async (value) => {
      expect((await judge('[["a"]]', { a: when(() => value) })).data).toEqual({ it: null });
      expect((await judge('[["a", "b"]]', { a: when(yes), b: when(() => value) })).data).toEqual({
        it: null,
      });
      expect((await judge('[["b"], ["a"]]', { a: when(no), b: when(() => value) })).data).toEqual({
        it: null,
      });
    },
  );

  it('refuse when one throws, and let nobody in by another that was not asked', async () => {
    const broken = () => {
      throw new Error('no connection');
    };
    for (const rule of ['[["a"]]', '[["a"], ["b"]]', '[["b", "a"]]']) {
      const answer = await judge(rule, { a: when(broken), b: when(yes) });
      expect(answer.data).toEqual({ it: null });
      expect(Object.keys(answer.refused)).toEqual(['it']);
    }
  });
});

it('asks no policy about who has no token', async () => {
  const calls: string[] = [];
  const schema = buildGuarded({
    sdl: 'type Query { it: String @policy(policies: "a") }',
    policies: { a: () => calls.push('a') > 0 },
  });
  expect((await ask(schema, anonymousSession, '{ it }')).refused).toEqual({
    it: 'auth.failure.missing_token',
  });
  expect(calls).toEqual([]);
});

it.each(['unknown', 'constructor', 'toString', '__proto__', ''])(
  'stops the boot for the policy %o, which has no function',
  (name) => {
    const sdl = `type Query { a: Int @public b: Int @policy(policies: [["known"], ["${name}"]]) }`;
    expect(() => buildGuarded({ sdl, policies: { known: () => true } })).toThrow(
      `names the policy '${name}'`,
    );
    const onType = `type Query { a: Int @public } type T @policy(policies: "${name}") { a: Int }`;
    expect(() => buildGuarded({ sdl: onType })).toThrow(`names the policy '${name}'`);
  },
);

describe('a verdict', () => {
  const shared = { id: 'shared' };
  const asked: string[] = [];
  const own: PolicyTable<Context>['own'] = async ({ session }, parent, args) => {
    const { id } = parent as { id: string };
    asked.push(`${session.platform === 'user' && session.userId} ${id} ${JSON.stringify(args)}`);
    return session.platform === 'user' && session.userId === 'ada' && id !== 'other' && args.deep !== true;
  };
  const schema = buildGuarded({
    sdl: `type Query { shared: Thing @public all: [Thing] @public }
      type Thing @policy(policies: "own") {
        id: ID name: ID part(deep: Boolean): ID self: Thing @policy(policies: [["own"]])
      }`,
    resolvers: {
      Query: { shared: () => shared, all: () => [shared, { id: 'other' }, shared, { id: 'third' }] },
      Thing: { name: (row: { id: string }) => row.id, part: () => 'part', self: (row: unknown) => row },
    },
    policies: { own },
  });
  const counted = async (...question: Parameters<typeof ask>) => {
    asked.length = 0;
    return { ...(await ask(...question)), asked: [...asked] };
  };

  it('is kept for the fields of one object', async () => {
    const answer = await counted(schema, userSession('ada'), '{ shared { id name self { id a: name } } }');
    expect(answer.refused).toEqual({});
    expect(answer.asked).toEqual(['ada shared {}']);
  });

  it('is not shared between objects', async () => {
    const answer = await counted(schema, userSession('ada'), '{ all { id name } }');
    expect(answer.data?.all).toEqual([
      { id: 'shared', name: 'shared' },
      { id: null, name: null },
      { id: 'shared', name: 'shared' },
      { id: 'third', name: 'third' },
    ]);
    expect(answer.asked).toEqual(['ada shared {}', 'ada other {}', 'ada third {}']);
  });

  it('is not shared between requests, also about an object that lives on and also at the same time', async () => {
    const sessions = ['ada', 'bob', 'ada', 'bob', 'eve'].map((name) => userSession(name));
    const answers = await Promise.all(sessions.map((session) => ask(schema, session, '{ shared { id } }')));
    expect(answers.map(({ data }) => data?.shared)).toEqual([
      { id: 'shared' },
      { id: null },
      { id: 'shared' },
      { id: null },
      { id: null },
    ]);
    const again = await counted(schema, userSession('bob'), '{ shared { id } }');
    expect(again.data).toEqual({ shared: { id: null } });
  });

  it('is asked anew for a field with arguments', async () => {
    const query = '{ shared { id a: part b: part(deep: false) c: part(deep: true) d: part(deep: false) } }';
    const answer = await counted(schema, userSession('ada'), query);
    expect(answer.data?.shared).toEqual({ id: 'shared', a: 'part', b: 'part', c: null, d: 'part' });
    expect(answer.asked).toEqual([
      'ada shared {}',
      'ada shared {"deep":false}',
      'ada shared {"deep":true}',
      'ada shared {"deep":false}',
    ]);
  });

  it('that failed is not kept', async () => {
    let failures = 1;
    const judgeOnce = createPolicyJudges({
      flaky: async () => {
        if (failures-- > 0) throw new Error('down');
        return true;
      },
    })([{ kind: 'policies', anyOf: [['flaky']] }]);
    const context: Context = { session: userSession(), calls: [] };
    await expect(judgeOnce?.(context, shared, {})).rejects.toThrow('down');
    expect(await judgeOnce?.(context, shared, {})).toBe(true);
  });
});
