import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStrangersProject, type StrangersProject } from './packed.test-support.ts';

/*
 * Another team's graph: the types of its entrance as a package, and a frontend on it with @signet/client and gql.tada.
 */

const sdl = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag"])
scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
scalar Money
enum Mood { GLAD SAD }
type Query { person(id: ID!): Person secrets: [String!] @tag(name: "portal") }
type Person @key(fields: "id") { id: ID! name: String! mood: Mood! born: DateTime owes: Money }
input PersonInput { id: ID! name: String }
type Mutation { rename(input: PersonInput!): Person! }
`;

const app = `
import type { Mood, PersonInput } from '@acme/contract-user';
import { clientPreset } from '@acme/contract-user/codegen';
import { graphql, type ResultOf } from '@acme/contract-user/tada';
import { createSignetClient } from '@signet/client';
import { print } from 'graphql';

const personDocument = graphql('query Person($id: ID!) { person(id: $id) { name mood born owes } }');
const answer = { data: { person: { name: 'Ada', mood: 'GLAD', born: '1815-12-10T00:00:00Z', owes: 100 } } };
const sent: string[] = [];
const send: typeof fetch = async (_input, init) => {
  sent.push(String(init?.body));
  return Response.json(answer);
};
const signet = createSignetClient({ url: 'https://api.acme.example/graphql', platform: 'user', fetch: send, print });

const { data } = await signet.request(personDocument, { id: '1' });
const name: string | undefined = data?.person?.name;
const mood: Mood | undefined = data?.person?.mood;
const born: string | null | undefined = data?.person?.born;
const owes: number | null | undefined = data?.person?.owes;
type Person = NonNullable<ResultOf<typeof personDocument>['person']>;
const again: Person = { name: 'Bob', mood: 'SAD', born: null, owes: null };
const input: PersonInput = { id: '1' };

export function wrong() {
  // @ts-expect-error: the document needs an id.
  void signet.request(personDocument);
  // @ts-expect-error: a mood of no contract.
  again.mood = 'ANGRY';
  // @ts-expect-error: that is not selected.
  return data?.person?.id;
}

const { schema, generates } = clientPreset({ documents: ['app.ts'], output: 'gql/' });
console.log(JSON.stringify({ name, mood, born, owes, input, sent: sent.length, schema, generates }));
`;

let project: StrangersProject;
beforeAll(async () => {
  project = await createStrangersProject({
    packages: ['cli', 'client'],
    dependencies: ['graphql@16.15.0', 'gql.tada@1.11.3', '@types/node@24.19.2'],
    files: { 'people.graphql': sdl, 'app.ts': app },
  });
}, 300_000);
afterAll(() => project?.remove());

/** Composes the contract of customers, and writes its types. @returns what the commands printed */
async function writeTypes(): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'sh',
    [
      '-ec',
      `npx signet compose --subgraph people=people.graphql --url people=http://people.invalid --exclude portal --output user.graphql
      npx signet types --supergraph user.graphql --out contract --name @acme/contract-user --scalar Money=number`,
    ],
    { cwd: project.folder },
  );
  return stdout;
}

function change(from: string, to: string): void {
  const path = join(project.folder, 'people.graphql');
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}

test('a frontend is typed by the package, and runs', async () => {
  expect(await writeTypes()).toContain('Wrote @acme/contract-user 1.0.0 to contract.');
  await promisify(execFile)('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', './contract'], {
    cwd: project.folder,
  });
  await project.checkTypes();
  const printed = JSON.parse(await project.node('app.ts'));
  expect(printed).toMatchObject({ name: 'Ada', mood: 'GLAD', owes: 100, sent: 1 });
  expect(readFileSync(printed.schema, 'utf8')).toContain('type Person {');
  expect(printed.generates['gql/'].config.scalars).toEqual({ DateTime: 'string', Money: 'number' });
});

test('it holds nothing that the entrance hides, and can go to no public registry by accident', () => {
  for (const file of ['schema.graphql', 'index.d.ts', 'introspection.d.ts']) {
    const text = readFileSync(join(project.folder, 'contract', file), 'utf8');
    expect(text).not.toMatch(/secrets|portal|join__|federation/);
  }
  const manifest = JSON.parse(readFileSync(join(project.folder, 'contract/package.json'), 'utf8'));
  expect(manifest.publishConfig).toEqual({ access: 'restricted' });
});

test('what is new gives a minor version, and breaks no frontend', async () => {
  change('name: String! mood', 'name: String! nickname: String mood');
  expect(await writeTypes()).toContain('Wrote @acme/contract-user 1.1.0, after 1.0.0 to contract.');
  await project.checkTypes();
});

test('a change that breaks clients gives a major version, and breaks the types of the frontend', async () => {
  change('born: DateTime', 'birthday: DateTime');
  change('enum Mood { GLAD SAD }', 'enum Mood { GLAD CALM }');
  const printed = await writeTypes();
  expect(printed).toContain('Wrote @acme/contract-user 2.0.0, after 1.1.0 to contract.');
  expect(printed).toContain("breaks clients: Field 'born' was removed from object type 'Person'");
  const error = await project.checkTypes().catch(({ message }: Error) => message);
  expect(error).toMatch(/app\.ts.*unknown.*string . null/);
  expect(error).toMatch(/app\.ts.*"SAD"/);
});
