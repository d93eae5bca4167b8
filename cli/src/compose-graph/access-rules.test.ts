import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conditionsOf, readRuleBook } from '@signet/access';
import { accessDirectives } from '@signet/subgraph/guards/access-directives';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run-command.test-support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function compose(sdl: string, ...words: string[]) {
  const path = join(folder, 'reviews.graphql');
  writeFileSync(path, sdl);
  return run(['compose', '--subgraph', `reviews=${path}`, ...words]);
}

/** The SDL that the page tells its reader to have. */
const page = readFileSync(new URL('../../../docs/adopt/guards-only.md', import.meta.url), 'utf8');
const guardsOnly = (/\*\*`reviews\.graphql`\*\*\n\n```diff\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? '')
  .split('\n')
  .filter((line) => !line.startsWith('-'))
  .map((line) => line.replace(/^[ +]/, ''))
  .join('\n');

describe('the SDL of docs/adopt/guards-only.md composes with its rules', () => {
  it.each([
    ['as it stands in its file', guardsOnly],
    ['as the subgraph has it at run time', accessDirectives + guardsOnly],
    ['without an import of @composeDirective', guardsOnly.replace(', "@composeDirective"', '')],
    ['with @tag imported', guardsOnly.replace('"@key"', '"@key", "@tag"')],
    ['with @tag renamed', guardsOnly.replace('"@key"', '"@key", { name: "@tag", as: "@label" }')],
  ])('%s', async (_, sdl) => {
    const { code, out, err } = await compose(sdl);
    expect([err, code]).toEqual(['', 0]);
    expect(out).toMatch(/ reviews: \[Review!\]!.* @public/);
    expect(out).toMatch(/ moderationQueue: \[Review!\]!.*@platform\(is: PORTAL\)/);
    expect(out).toMatch(/ moderationQueue: \[Review!\]!.*@tag\(name: "portal"\)/);
    expect(out).toMatch(/ myReviews: \[Review!\]!.* @authenticated/);
    expect(out).toMatch(/ id: ID! @public/);
    expect(out).toMatch(/ text: String!.* @public/);
    expect(out).not.toMatch(/type Review .*@public/);
    expect(out).toContain('https://specs.signet.dev/access/v1.2');
    const contract = await compose(sdl, '--exclude', 'portal');
    expect([contract.err, contract.code]).toEqual(['', 0]);
    expect(contract.out).toMatch(/ moderationQueue: \[Review!\]!.*@inaccessible/);
  });
});

it('@public on a type opens the fields of its own subgraph, and none that another one adds without a rule', async () => {
  const federation =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])';
  const files = {
    reviews: `${federation}
      type Query @public { reviews: [Review!]! }
      type Review @public { product: Product! }
      type Product @key(fields: "id") @public { id: ID! weight: Int @external heavy: Boolean @requires(fields: "weight") }
      extend type Product { reviews: [Review!]! }`,
    products: `${federation}
      type Query { stockValue: Int }
      type Product @key(fields: "id") { id: ID! weight: Int cost: Int }`,
  };
  const sources = Object.entries(files).flatMap(([name, sdl]) => {
    const path = join(folder, `${name}.graphql`);
    writeFileSync(path, sdl);
    return ['--subgraph', `${name}=${path}`];
  });
  const path = join(folder, 'super.graphql');
  expect(await run(['compose', ...sources, '--output', path])).toMatchObject({ code: 0, err: '' });
  const book = readRuleBook(parse(readFileSync(path, 'utf8')));
  const isOpen = (coordinate: string) => {
    const [type = '', field = ''] = coordinate.split('.');
    return conditionsOf(book, type, field)?.length === 0;
  };
  for (const own of ['Query.reviews', 'Review.product', 'Product.id', 'Product.heavy', 'Product.reviews']) {
    expect([own, isOpen(own)]).toEqual([own, true]);
  }
  for (const others of ['Query.stockValue', 'Product.cost', 'Product.weight']) {
    expect([others, isOpen(others)]).toEqual([others, false]);
  }
});

it('@recentAuth of two subgraphs is kept with both numbers, also beside a subgraph that links the version before it', async () => {
  const federation =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable", "@composeDirective"])';
  const before = accessDirectives
    .replace('access/v1.2', 'access/v1.0')
    .replace(', "@recentAuth"', '')
    .replace('"@callers", ', '')
    .replace('@composeDirective(name: "@recentAuth")', '')
    .replace('@composeDirective(name: "@callers")', '')
    .replace(/"""[^"]*"""\s*directive @callers.*/, '')
    .replace(/enum access__Caller \{[^}]*\}/, '')
    .replace(/"""[^"]*"""\s*directive @recentAuth.*/, '');
  expect(before).not.toMatch(/recentAuth|callers|Caller/);
  const field = (rule: string) => `${federation} type Query { secret: Int @shareable ${rule} }`;
  const files = {
    one: field('@recentAuth(seconds: 300)'),
    two: field('@recentAuth(seconds: 60)'),
    old: before + field('@platform(is: PORTAL)'),
  };
  const sources = Object.entries(files).flatMap(([name, sdl]) => {
    const path = join(folder, `${name}.graphql`);
    writeFileSync(path, sdl);
    return ['--subgraph', `${name}=${path}`];
  });
  const path = join(folder, 'super.graphql');
  expect(await run(['compose', ...sources, '--output', path])).toMatchObject({ code: 0, err: '' });
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('https://specs.signet.dev/access/v1.2');
  expect(text).not.toContain('access/v1.0');
  expect(conditionsOf(readRuleBook(parse(text)), 'Query', 'secret')).toEqual(
    expect.arrayContaining([
      { kind: 'platform', is: 'portal' },
      { kind: 'recentAuth', seconds: 300 },
      { kind: 'recentAuth', seconds: 60 },
    ]),
  );
});

describe('@callers of two subgraphs', () => {
  const federation =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective", "@authenticated"])';
  const field = (rule: string) => `${federation} type Query { a: Int @shareable ${rule} }`;
  const composeTwo = async (one: string, two: string) => {
    const path = join(folder, 'callers.graphql');
    const sources = Object.entries({ one, two }).flatMap(([name, sdl]) => {
      const file = join(folder, `callers-${name}.graphql`);
      writeFileSync(file, sdl);
      return ['--subgraph', `${name}=${file}`];
    });
    const outcome = await run(['compose', ...sources, '--output', path]);
    return { ...outcome, path };
  };

  it('are kept both, and admit whom both admit', async () => {
    const { path, ...outcome } = await composeTwo(
      field('@authenticated @callers(are: [PERSON, SERVICE])'),
      field('@authenticated @callers(are: [SERVICE, IMPERSONATED])'),
    );
    expect(outcome).toMatchObject({ code: 0, err: '' });
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('https://specs.signet.dev/access/v1.2');
    expect(conditionsOf(readRuleBook(parse(text)), 'Query', 'a')).toContainEqual({
      kind: 'callers',
      are: ['service'],
    });
  });

  it('are refused where one of them says nothing of callers: composed, its rule would admit those of the other', async () => {
    const said = field('@authenticated @callers(are: [PERSON, SERVICE])');
    const { code, err } = await composeTwo(said, field('@authenticated'));
    expect(code).toBe(1);
    expect(err).toContain('[two] Query.a has a rule without @callers, and one with it in one');
    expect((await composeTwo(said, field('@authenticated @callers(are: [PERSON])'))).code).toBe(0);
    expect((await composeTwo(said, field(''))).code).toBe(0);
  });

  it('are refused where they are lost', async () => {
    const link = 'extend schema @link(url: "https://specs.signet.dev/access/v1.2", import: ["@callers"])';
    const definition = `directive @callers(are: [access__Caller!]!) repeatable on FIELD_DEFINITION
      enum access__Caller { PERSON SERVICE IMPERSONATED }`;
    const { code, err } = await composeTwo(
      `${link} ${definition} ${field('@authenticated @callers(are: [SERVICE])')}`,
      field(''),
    );
    expect(code).toBe(1);
    expect(err).toMatch(/\[one\] line \d+: Query\.a has @callers, which is not in the supergraph/);
  });
});

describe('a rule that the supergraph would not have is refused with its subgraph, line and what to add', () => {
  const federation = (imports: string) =>
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}])`;
  const definitions = `directive @public on OBJECT | FIELD_DEFINITION
directive @platform(is: Platform!) on OBJECT | FIELD_DEFINITION
enum Platform { USER PORTAL }`;
  const access = (imports: string) =>
    `extend schema @link(url: "https://specs.signet.dev/access/v1.1", import: [${imports}])`;

  it.each([
    [
      '@platform without a link',
      `${federation('"@key"')}\n${definitions}\ntype Query {\n  a: Int\n  staff: Int @platform(is: PORTAL)\n}`,
      /\[reviews\] line 7: Query\.staff has @platform, .*add to the schema @link\(url: "https:\/\/specs\.signet\.dev\/access\/v1\.2", import: \["@platform"\]\) @composeDirective\(name: "@platform"\)/,
    ],
    [
      '@platform with a link and without @composeDirective',
      `${federation('"@key"')}\n${access('"@platform", "@public"')}\n${definitions.replaceAll('Platform', 'access__Platform')}\ntype Query {\n  staff: Int @platform(is: PORTAL)\n}`,
      /\[reviews\] line 7: Query\.staff has @platform, .*@composeDirective\(name: "@platform"\)/,
    ],
    [
      '@platform under another name',
      `${federation('"@key"')}\n${access('{ name: "@platform", as: "@only" }')}\n${definitions.replace('@platform', '@only')}\ntype Query {\n  staff: Int @only(is: PORTAL)\n}`,
      /\[reviews\] line 7: Query\.staff has @only, .*import: \[\{ name: "@platform", as: "@only" \}\]\) @composeDirective\(name: "@only"\)/,
    ],
    [
      '@recentAuth with a link and without @composeDirective',
      `${federation('"@key"')}\n${access('"@recentAuth"')}\ndirective @recentAuth(seconds: Int!) repeatable on FIELD_DEFINITION\ntype Query {\n  salary: Int @recentAuth(seconds: 300)\n}`,
      /\[reviews\] line 5: Query\.salary has @recentAuth, .*import: \["@recentAuth"\]\) @composeDirective\(name: "@recentAuth"\)/,
    ],
    [
      '@public of a type',
      `${federation('"@key"')}\n${definitions}\ntype Query { a: Open }\ntype Open @public { b: Int }`,
      /\[reviews\] line 6: Open\.b has @public, /,
    ],
    [
      "federation's rule by a definition of its own",
      `${federation('"@key"')}\ndirective @authenticated on FIELD_DEFINITION\ntype Query { a: Int @authenticated }`,
      /\[reviews\] line 3: Query\.a has @authenticated, .*import "@authenticated" by the @link/,
    ],
    [
      '@authenticated in federation 1',
      `directive @authenticated on FIELD_DEFINITION\nschema { query: Root }\ntype Root { a: Int @authenticated }`,
      /\[reviews\] line 3: Query\.a has @authenticated, /,
    ],
  ])('%s', async (_, sdl, fault) => {
    const { code, out, err } = await compose(sdl);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(fault);
    expect(err.trim().split('\n')).toHaveLength(2);
  });

  it('but not a directive of that name from somewhere else, nor a rule under a name of its own', async () => {
    const { code, err } = await compose(
      `${federation('"@key", { name: "@authenticated", as: "@signedIn" }')}
      extend schema @link(url: "https://specs.example.dev/hosts/v1.0", import: ["@platform"])
      directive @platform(name: String) on FIELD_DEFINITION
      type Query { a: Int @platform(name: "x") @signedIn b: Int @federation__policy(policies: [["p"]]) }`,
    );
    expect([err, code]).toEqual(['', 0]);
  });
});
