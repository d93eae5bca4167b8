import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { run } from '../run-command.test-support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-access-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const header =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes", "@policy"])';

function compose(sdl: string): string {
  const services = [{ name: 'shop', url: 'http://shop.invalid', typeDefs: parse(`${header}\n${sdl}`) }];
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

/** Writes a file for one test and returns its path. */
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const old = 'type Query { open: Int report: Int @requiresScopes(scopes: [["reports"]]) gone: Int }';
const wide = 'type Query { open: Int report: Int @authenticated fresh: Int @authenticated }';

const check = (...words: string[]) => run(['access', '--default-access', 'public', ...words]);
const compare = (after: string, before: string, ...words: string[]) =>
  check(
    '--supergraph',
    write('new.graphql', compose(after)),
    '--against',
    write('old.graphql', compose(before)),
    ...words,
  );

describe('signet access --supergraph', () => {
  it('counts what each caller may have', async () => {
    const { code, out } = await check('--supergraph', write('a.graphql', compose(old)));
    expect(out).toMatch(/a\.graphql: 3 fields, 2 of them public, 2 without a rule \(default: public\)\./);
    expect(out).toMatch(/anonymous +2 allowed, 0 by policy, 1 refused\n/);
    expect(out).toMatch(/authenticated with scope reports +3 allowed, 0 by policy, 0 refused\n/);
    expect(code).toBe(0);
  });

  it('writes the matrix as Markdown into a file', async () => {
    const output = join(folder, 'matrix.md');
    const { code, out } = await check(
      '--supergraph',
      write('a.graphql', compose(old)),
      '--format',
      'markdown',
      '--output',
      output,
    );
    expect({ code, out }).toEqual({ code: 0, out: '' });
    const text = readFileSync(output, 'utf8');
    expect(text).toContain(
      '| field | `anonymous` | `authenticated` | `authenticated with scope reports` | rule |',
    );
    expect(text).toContain('| `Query.open` | ✓ | ✓ | ✓ | public (default) |');
    expect(text).toContain('| `Query.report` | · | · | ✓ | scope `reports` |');
  });

  it('gives JSON', async () => {
    const { out } = await check('--supergraph', write('a.graphql', compose(old)), '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({
      faults: [],
      callers: ['anonymous', 'authenticated', 'authenticated with scope reports'],
      fields: expect.arrayContaining([
        expect.objectContaining({
          coordinate: 'Query.report',
          verdicts: { anonymous: 'no', authenticated: 'no', 'authenticated with scope reports': 'yes' },
        }),
      ]),
    });
  });

  it('refuses fields without a rule, unless a default is given', async () => {
    const path = write('a.graphql', compose(old));
    const { code, err } = await run(['access', '--supergraph', path]);
    expect(code).toBe(1);
    expect(err).toMatch(/a\.graphql:\d+: Query\.open has no access rule, on itself or on its type\n/);
    expect(err).toMatch(/Query\.gone has no access rule/);
    expect((await run(['access', '--supergraph', path, '--default-access', 'authenticated'])).code).toBe(0);
  });

  test.each([
    ['is no GraphQL', 'type {', /bad\.graphql:1: schema is no GraphQL: Syntax Error/],
    ['is no supergraph', 'type Query { a: Int }', /bad\.graphql: schema is no supergraph/],
    ['is no text', Buffer.from([0xff, 0xfe]), /bad\.graphql is not UTF-8/],
  ])('names a file that %s', async (_, text, fault) => {
    writeFileSync(join(folder, 'bad.graphql'), text);
    const { code, out, err } = await check('--supergraph', join(folder, 'bad.graphql'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(fault);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('names a file that is not there', async () => {
    const { code, err } = await check('--supergraph', join(folder, 'nowhere.graphql'));
    expect(code).toBe(1);
    expect(err).toMatch(/nowhere\.graphql cannot be read \(ENOENT\)/);
  });

  test.each([
    [
      '--acknowledged without --against',
      ['--supergraph', 'a.graphql', '--acknowledged', 'b.yaml'],
      /needs --against/,
    ],
    ['--check with --supergraph', ['--supergraph', 'a.graphql', '--check'], /without --supergraph/],
    [
      'another default',
      ['--supergraph', 'a.graphql', '--default-access', 'open'],
      /deny, authenticated, public/,
    ],
    ['another format', ['--supergraph', 'a.graphql', '--format', 'html'], /text, markdown, json/],
    ['an unknown option', ['--supergraf', 'a.graphql'], /unknown option '--supergraf'/i],
  ])('exits with 2 for %s', async (_, words, fault) => {
    const { code, err } = await run(['access', ...words]);
    expect(code).toBe(2);
    expect(err).toMatch(fault);
  });
});

describe('signet access --against', () => {
  it('says who gained and who lost access beside breaking changes, and exits with 1', async () => {
    const { code, out } = await compare(wide, old);
    expect(code).toBe(1);
    expect(out).toMatch(/: 2 gains of access, 2 of them not acknowledged; 1 loss; 1 breaking change\.\n/);
    expect(out).toContain(
      '\nGained access:\n  Query.report: authenticated (rule changed), NOT ACKNOWLEDGED\n',
    );
    expect(out).toContain('\n  Query.fresh: authenticated (new field), NOT ACKNOWLEDGED\n');
    expect(out).toContain('\nLost access:\n  Query.gone: anonymous (field removed)\n');
    expect(out).toContain("\n  Query.gone: Field 'gone' was removed from object type 'Query'\n");
    expect(out).toContain('\n- coordinate: Query.report\n  caller: "authenticated"\n  reason:\n');
  });

  it('exits with 0 on losses, and where nothing changed', async () => {
    const { code, out } = await compare(
      old,
      wide.replace('fresh: Int @authenticated', 'fresh: Int @authenticated gone: Int'),
    );
    expect(code).toBe(0);
    expect(out).toContain('Query.report: authenticated (rule changed)');
    expect((await compare(old, old)).out).toMatch(/: 0 gains of access; 0 losses; 0 breaking changes\.\n$/);
  });

  it('exits with 0 once every gain is acknowledged, with a reason', async () => {
    const decided = `
- coordinate: Query.report
  caller: [authenticated]
  reason: partners read reports
- { coordinate: Query.fresh, caller: authenticated, reason: "asked for", until: 2100-01-31 }
`;
    const { code, out } = await compare(wide, old, '--acknowledged', write('ok.yaml', decided));
    expect(code).toBe(0);
    expect(out).toContain('2 gains of access, 0 of them not acknowledged');
    expect(out).toContain('Query.report: authenticated (rule changed), acknowledged: partners read reports');
    expect(out).toContain('(new field), acknowledged until 2100-01-31: asked for');
  });

  test.each([
    ['another caller', '- { coordinate: Query.report, caller: anonymous, reason: r }'],
    ['another field', '- { coordinate: Query.reports, caller: authenticated, reason: r }'],
    [
      'a day that is over',
      '- { coordinate: Query.report, caller: authenticated, reason: r, until: 2026-01-31 }',
    ],
  ])('an acknowledgement for %s does not count', async (_, line) => {
    const all = `${line}\n- { coordinate: Query.fresh, caller: authenticated, reason: r }\n`;
    const { code, out } = await check(
      ...[
        '--supergraph',
        write('new.graphql', compose(wide)),
        '--against',
        write('old.graphql', compose(old)),
      ],
      ...['--acknowledged', write('no.yaml', all)],
    );
    expect(code).toBe(1);
    expect(out).toContain('2 gains of access, 1 of them not acknowledged');
  });

  it('holds through its last day', async () => {
    const path = write(
      'until.yaml',
      '- { coordinate: Query.fresh, caller: authenticated, reason: r, until: 2026-06-30 }',
    );
    const words = [
      'access',
      '--default-access',
      'public',
      '--supergraph',
      write('n.graphql', compose(`${old} extend type Query { fresh: Int @authenticated }`)),
      '--against',
      write('o.graphql', compose(old)),
      '--acknowledged',
      path,
    ];
    const codeAt = async (time: string) => (await run(words, { now: () => new Date(time) })).code;
    expect(await codeAt('2026-06-30T23:59:59Z')).toBe(0);
    expect(await codeAt('2026-07-01T00:00:00Z')).toBe(1);
  });

  it('exits with 1 on an acknowledgement that no gain needs any more, and says which line to delete', async () => {
    const path = write('stale.yaml', '\n- { coordinate: Query.old, caller: anonymous, reason: r }');
    const { code, out } = await compare(old, old, '--acknowledged', path);
    expect(code).toBe(1);
    expect(out).toContain('; 1 stale acknowledgement.');
    expect(out).toContain(`Delete them:\n  ${path}:2: delete Query.old for anonymous\n`);
    const markdown = await compare(old, old, '--acknowledged', path, '--format', 'markdown');
    expect(markdown.out).toContain('| 2 | `Query.old` | `anonymous` |');
  });

  test.each([
    [
      'a misspelled field',
      '- coordinate: Query.a\n  caler: x\n  reason: r',
      ['f.yaml:2: [0].caler is unknown', 'f.yaml:1: [0].caller is missing'],
    ],
    [
      'no reason',
      '- { coordinate: Query.a, caller: x, reason: "" }',
      ['f.yaml:1: [0].reason must be a text'],
    ],
    [
      'a day that does not exist',
      '- { coordinate: Q.a, caller: x, reason: r, until: 2026-02-30 }',
      ['[0].until must be a date'],
    ],
    ['no list', 'coordinate: Query.a', ['must be a list']],
    ['no YAML', '- [', ['f.yaml:1:']],
  ])('refuses a file of acknowledgements with %s', async (_, text, faults) => {
    const { code, err } = await compare(wide, old, '--acknowledged', write('f.yaml', text));
    expect(code).toBe(1);
    for (const fault of faults) expect(err).toContain(fault);
  });

  it('counts faults of the rules only where the older graph does not have them', async () => {
    const naked = 'type Query { a: Int b: Int @authenticated }';
    const files = (after: string) => [
      '--supergraph',
      write('x.graphql', compose(after)),
      '--against',
      write('y.graphql', compose(naked)),
    ];
    expect((await run(['access', ...files(naked)])).code).toBe(0);
    const { code, out } = await run(['access', ...files(naked.replace('}', 'c: Int }'))]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /1 new fault\.[\s\S]*\nNew faults of the rules:\n.*x\.graphql:\d+: Query\.c has no access rule/,
    );
  });

  it('reads the older one from a commit, and says what git says where it cannot', async () => {
    const repository = join(folder, 'repository');
    mkdirSync(join(repository, 'graph'), { recursive: true });
    const path = join(repository, 'graph/supergraph.graphql');
    writeFileSync(path, compose(old));
    const git = (...words: string[]) => execFileSync('git', ['-C', repository, ...words], { stdio: 'pipe' });
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'first');
    writeFileSync(path, compose(wide));
    const { code, out } = await check('--supergraph', path, '--against', 'git:main');
    expect(code).toBe(1);
    expect(out).toContain('Query.report: authenticated (rule changed)');
    expect((await check('--supergraph', path, '--against', 'git:')).err).toContain('git: names no commit');
    for (const source of ['git:nowhere', 'git:--output=x', 'git:main:nowhere.graphql']) {
      const failed = await check('--supergraph', path, '--against', source);
      expect(failed).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining(`${source} cannot be read: `),
      });
    }
  });

  it('gives Markdown in which the words of a schema stay words', async () => {
    const hostile =
      'type Query { open: Int report: Int @requiresScopes(scopes: [["a` | <img src=x> @everyone [x](http://evil.example)"]]) }';
    const { out } = await compare(hostile, 'type Query { open: Int }', '--format', 'markdown');
    expect(out).toMatch(
      /^## Access: 1 gain of access, 1 of them not acknowledged; 0 losses; 0 breaking changes\n/,
    );
    // In a span of code whose fence is longer than any backtick inside, without a pipe that would end the cell.
    expect(out).toContain(
      '| `Query.report` | `` authenticated with scope a` \\| <img src=x> @everyone [x](http://evil.example) `` | new field | **no** |',
    );
  });

  it('gives JSON', async () => {
    const { out } = await compare(wide, old, '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({
      gains: [
        { coordinate: 'Query.report', caller: 'authenticated', by: 'rule' },
        { coordinate: 'Query.fresh', caller: 'authenticated', by: 'new' },
      ],
      losses: [{ coordinate: 'Query.gone', caller: 'anonymous', by: 'new' }],
      changes: [{ path: 'Query.gone', isBreaking: true }],
      faults: [],
    });
  });
});

test('compares five thousand fields in seconds', async () => {
  const types = Array.from({ length: 250 }, (_, at) => {
    const next = `T${(at * 7 + 1) % 250}`;
    const fields = Array.from(
      { length: 18 },
      (_, n) => `f${n}: Int @requiresScopes(scopes: [["s${(at + n) % 40}"], ["admin"]])`,
    );
    return `type T${at} { ${fields.join(' ')} next: ${next} @authenticated other: [${next}!] }`;
  });
  const graph = `type Query { ${types.map((_, at) => `t${at}: T${at} @requiresScopes(scopes: [["r${at % 40}"]])`).join(' ')} } ${types.join(' ')}`;
  const [after, before] = [
    write(
      'big.graphql',
      compose(graph.replace('f0: Int @requiresScopes', 'f0: Int @authenticated f00: Int @requiresScopes')),
    ),
    write('big-old.graphql', compose(graph)),
  ];
  const startedAt = process.cpuUsage();
  const { code, out } = await check('--supergraph', after, '--against', before);
  const seconds = process.cpuUsage(startedAt).user / 1_000_000;
  expect(code).toBe(1);
  expect(out).toContain(' T0.f0: authenticated (rule changed), NOT ACKNOWLEDGED\n');
  expect(out).toContain(
    '\n- coordinate: T0.f00\n  caller: ["authenticated with scope s0","authenticated with scope admin"]\n',
  );
  const decided =
    '- { coordinate: T0.f0, caller: authenticated, reason: r }\n- { coordinate: T0.f00, caller: [authenticated with scope s0, authenticated with scope admin], reason: r }';
  const words = ['--supergraph', after, '--against', before, '--acknowledged', write('big.yaml', decided)];
  expect((await check(...words)).code).toBe(0);
  // Of the processor's time, which other work on the machine adds little to. Some 2 s.
  expect(seconds).toBeLessThan(8);
});
