import { hasProductionSurface, type SurfaceConfig } from '@signet/service';
import type { Session } from '@signet/session';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createIntrospectionGuard, mayIntrospect } from './introspection-guard.ts';

const session = (platform: Session['platform']) => ({ platform }) as Session;
const production: SurfaceConfig = { NODE_ENV: 'production' };
const development: SurfaceConfig = { NODE_ENV: 'development' };

describe('who may have the schema', () => {
  const whoAt = (
    kind: 'graph' | 'user' | 'portal',
    config: SurfaceConfig & { INTROSPECTION?: boolean; SUPERGRAPH_FILE?: string },
  ) =>
    (['none', 'user', 'portal'] as const).filter((platform) =>
      mayIntrospect({ kind }, config)(session(platform)),
    );

  it.each([
    ['graph', production, []],
    ['user', production, []],
    ['portal', production, ['portal']],
    ['portal', { NODE_ENV: 'development', SURFACE: 'production' } as const, ['portal']],
    ['user', { NODE_ENV: 'development', SURFACE: 'production' } as const, []],
    ['portal', { ...production, INTROSPECTION: false }, []],
    ['portal', { ...development, INTROSPECTION: false }, []],
    ['portal', { ...production, SUPERGRAPH_FILE: 'theirs.graphql' }, []],
    [
      'portal',
      { ...production, SUPERGRAPH_FILE: 'theirs.graphql', INTROSPECTION: true },
      ['none', 'user', 'portal'],
    ],
    ['user', { ...production, INTROSPECTION: true }, ['none', 'user', 'portal']],
    ['graph', development, ['none', 'user', 'portal']],
    ['user', development, ['none', 'user', 'portal']],
  ] as const)('at %s with %o: %j', (name, config, wanted) => {
    expect(whoAt(name, config)).toEqual(wanted);
  });

  it('is never more than production lets where NODE_ENV says production', () => {
    expect(hasProductionSurface({ NODE_ENV: 'production', SURFACE: 'development' })).toBe(true);
  });
});

describe('the guard', () => {
  type Context = Parameters<ReturnType<typeof createIntrospectionGuard>>[0];
  const guard = createIntrospectionGuard(({ platform }) => platform === 'portal');
  const ask = (document: ReturnType<typeof parse>, platform: Session['platform']) =>
    guard({ document, contextValue: { session: session(platform) } } as Context);

  it.each([
    '{ __schema { types { name } } }',
    '{ __type(name: "User") { name } }',
    '{ a: __schema { b: types { name } } me { id } }',
    '{ ... { ... @include(if: false) { __schema { description } } } }',
    '{ ...A } fragment A on Query { ...B } fragment B on Query { x: __type(name: "A") { name } }',
    '{ me { friends { __schema { types { name } } } } }',
    'mutation { __schema { types { name } } }',
    'query A { me { id } } query B { __schema { types { name } } }',
    '{ me { id } } fragment Unused on Query { __schema { types { name } } }',
    '{ __schema @skip(if: true) { types { name } } }',
    `${'{ a '.repeat(1000)}{ __schema { types { name } } }${' }'.repeat(1000)}`,
  ])('refuses %s', (source) => {
    const document = parse(source, { noLocation: true });
    expect(() => ask(document, 'user')).toThrow(
      expect.objectContaining({
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
      }),
    );
    expect(() => ask(document, 'portal')).not.toThrow();
    // The same document again, as Apollo Server keeps it: the one who may changed nothing for the one who may not.
    expect(() => ask(document, 'none')).toThrow();
  });

  it.each([
    '{ __typename }',
    '{ me { __typename id } }',
    '{ schema: me { id } }',
    '{ __schemas }',
    '{ me(a: "__schema") { id } }',
  ])('lets %s be', (source) => {
    const document = parse(source);
    expect(() => ask(document, 'none')).not.toThrow();
    expect(() => ask(document, 'none')).not.toThrow();
  });
});
