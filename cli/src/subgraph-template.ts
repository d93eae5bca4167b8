/** The words that a new subgraph is written with. */
export type SubgraphWords = {
  /** `reviews`: folder, schema, role. */
  name: string;
  /** `review`: a field and a table. */
  one: string;
  /** `Review`: a GraphQL type. */
  type: string;
  /** `Reviews` */
  names: string;
};

/** `reviews` is about a Review, `billing` about a BillingItem. */
export function wordsOf(name: string): SubgraphWords {
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const isPlural = name.endsWith('s') && !name.endsWith('ss') && name.length > 3;
  const one = isPlural ? name.slice(0, -1) : `${name}Item`;
  return { name, one, type: capital(one), names: capital(name) };
}

/**
 * The files of a new subgraph, by their paths in the repository. It keeps texts of customers: each customer reads and writes
 * their own, staff read all of their tenant. Rules, row policy, policy function and a test of each outcome are there to be changed.
 */
export function writeSubgraphFiles({ name, one, type, names }: SubgraphWords): Record<string, string> {
  const folder = `subgraphs/${name}`;
  const table = `${name}.${toSnakeCase(one)}`;
  return {
    [`${folder}/subgraph.ts`]: `import { defineSubgraph } from '@signet/subgraph/define';
import { createLoaders } from './src/context.ts';
import { personalData } from './src/personal-data.ts';
import { policies } from './src/policies.ts';
import { resolvers } from './src/resolvers.ts';

/** ${names} of customers. */
export default defineSubgraph({ name: '${name}', resolvers, policies, createLoaders, personalData });
`,
    [`${folder}/migrations/0001-${name}.ts`]: `import { answerPersonalData, createSubgraphSchema, dropPersonalData, dropSubgraphSchema, secureByTenant } from '@signet/db/migrations-support';
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await createSubgraphSchema(db, '${name}');
  await sql\`
    create table ${table} (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references auth.tenant,
      user_id uuid not null,
      text text not null check (length(text) between 1 and 1000),
      created_at timestamptz not null default now(),
      foreign key (tenant_id, user_id) references auth.user (tenant_id, id) on delete cascade
    )\`.execute(db);
  await sql\`create index ${toSnakeCase(one)}_of_user on ${table} (tenant_id, user_id, id)\`.execute(db);
  // Rows of another tenant do not exist for this process.
  await secureByTenant(db, '${table}');
  // Nothing here changes or deletes a row, so the process may not.
  await sql\`
    grant select (id, user_id, text, created_at), insert (tenant_id, user_id, text)
    on ${table} to signet_${name}\`.execute(db);
  // Customers may ask for a copy of their data.
  await answerPersonalData(db, '${name}');
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropPersonalData(db, '${name}');
  await dropSubgraphSchema(db, '${name}');
}
`,
    [`${folder}/permissions.txt`]: writePermissions(name, table),
    [`${folder}/src/tables.ts`]: `import type { Timestamp } from '@signet/db';
import type { Generated } from 'kysely';

export type ${type}Table = {
  id: Generated<string>;
  tenant_id: string;
  user_id: string;
  text: string;
  created_at: Timestamp;
};

declare module '@signet/db' {
  interface Database {
    '${table}': ${type}Table;
  }
}
`,
    [`${folder}/src/${name}.graphql`]: `extend type Query {
  "Your own, latest first. At most 100. Customers only."
  my${names}: [${type}!] @listSize(assumedSize: 20) @platform(is: USER)
  "One that you may read. Null where there is none. Errors: \`input.id\`."
  ${one}(id: ID!): ${type} @authenticated
}

extend type Mutation {
  "Writes one. Customers only. Errors: \`input.text\`."
  create${type}(input: Create${type}Input!): ${type}! @platform(is: USER)
}

"What a customer wrote."
type ${type} @key(fields: "id") @authenticated @policy(policies: [["${one}.owner"], ["${one}.staff"]]) {
  id: ID!
  text: String!
  createdAt: DateTime!
}

input Create${type}Input @tag(name: "user") {
  "1 to 1000 characters."
  text: String!
}
`,
    [`${folder}/src/context.ts`]: `import { type Database, readInTenant } from '@signet/db';
import type { SubgraphContext } from '@signet/subgraph/define';
import DataLoader from 'dataloader';
import type { Kysely } from 'kysely';
import { find${names}, type ${type}Row } from './${name}.queries.ts';

/** What a resolver has. */
export type GraphqlContext = SubgraphContext<Loaders>;

/** What resolvers hand to each other for the GraphQL type ${type}. */
export type ${type}Model = ${type}Row;

export type Loaders = { ${one}: DataLoader<string, ${type}Row | undefined> };

/** One set for each request: what a loader has read is never shown to anybody else. */
export function createLoaders(db: Kysely<Database>, tenantId: string): Loaders {
  return {
    ${one}: new DataLoader(async (ids) => {
      const rows = await readInTenant(db, tenantId, (trx) => find${names}(trx, ids));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id));
    }),
  };
}
`,
    [`${folder}/src/${name}.queries.ts`]: `import type { Database } from '@signet/db';
import { type InferResult, sql, type Transaction } from 'kysely';
import type {} from './tables.ts';

export type ${type}Row = InferResult<ReturnType<typeof select${names}>>[number];

const columns = ['id', 'user_id', 'text', 'created_at'] as const;
const most = 100;

function select${names}(trx: Transaction<Database>) {
  return trx.selectFrom('${table}').select(columns);
}

/** In no particular order. */
export function find${names}(trx: Transaction<Database>, ids: readonly string[]): Promise<${type}Row[]> {
  return select${names}(trx).where(sql<boolean>\`id = any(\${ids})\`).execute();
}

/** Latest first. */
export function find${names}OfUser(trx: Transaction<Database>, userId: string): Promise<${type}Row[]> {
  return select${names}(trx).where('user_id', '=', userId).orderBy('id', 'desc').limit(most).execute();
}

export function insert${type}(
  trx: Transaction<Database>,
  values: { tenant_id: string; user_id: string; text: string },
): Promise<${type}Row> {
  return trx.insertInto('${table}').values(values).returning(columns).executeTakeFirstOrThrow();
}
`,
    [`${folder}/src/policies.ts`]: `import { idOf, type PolicyTable } from '@signet/access';
import type { GraphqlContext } from './context.ts';

/** What the \`@policy\` rules of this subgraph name. */
export const policies: PolicyTable<GraphqlContext> = {
  /** The owner stands in the row that the id names; nothing else that a caller claims is read. */
  async '${one}.owner'({ session, loaders }, parent) {
    const id = idOf(parent);
    if (session.platform !== 'user' || id === undefined) return false;
    return (await loaders.${one}.load(id))?.user_id === session.userId;
  },
  /** Every role of staff, as in resolvers.ts. Where only some may, ask for a scope in both: session.scopes.has('…'). */
  '${one}.staff': ({ session }) => session.platform === 'portal',
};
`,
    [`${folder}/src/personal-data.ts`]: `import type { PersonalData } from '@signet/subgraph/define';
import type {} from './tables.ts';

/**
 * What a customer gets who asks for a copy of their data. For one who wants to be erased there is nothing to do here: rows go with the
 * account, since their foreign key cascades. What must stay instead is changed by a function \`erase\`.
 */
export const personalData: PersonalData = {
  async export({ trx, accountId }) {
    const rows = await trx
      .selectFrom('${table}')
      .select(['text', 'created_at as createdAt'])
      .where('user_id', '=', accountId)
      .orderBy('id')
      .execute();
    return { ${name}: rows };
  },
};
`,
    [`${folder}/src/resolvers.ts`]: `import { requireUser } from '@signet/access';
import { inTenant, readInTenant } from '@signet/db';
import { findId, readId, readText } from '@signet/subgraph';
import type { GraphqlContext } from './context.ts';
import type { Resolvers } from './resolvers.generated.ts';
import { find${names}OfUser, insert${type}, type ${type}Row } from './${name}.queries.ts';

export const resolvers: Resolvers = {
  Query: {
    my${names}: (_parent, _args, ctx) => {
      const { userId } = requireUser(ctx.session);
      return readInTenant(ctx.db, ctx.tenantId, (trx) => find${names}OfUser(trx, userId));
    },
    ${one}: (_parent, args, ctx) => findVisible(ctx, readId('id', args.id)),
  },
  Mutation: {
    create${type}: (_parent, { input }, ctx) => {
      const { userId } = requireUser(ctx.session);
      const text = readText('text', input.text, { max: 1000 });
      return inTenant(ctx.db, ctx.tenantId, (trx) =>
        insert${type}(trx, { tenant_id: ctx.tenantId, user_id: userId, text }),
      );
    },
  },
  ${type}: {
    __resolveReference: (reference, ctx) => {
      const id = findId(reference.id);
      return id ? findVisible(ctx, id) : null;
    },
    createdAt: (row) => row.created_at,
  },
};

/** Null for somebody else's as for none: ids can't be tried out. */
async function findVisible(ctx: GraphqlContext, id: string): Promise<${type}Row | null> {
  const row = await ctx.loaders.${one}.load(id);
  const isVisible =
    ctx.session.platform === 'portal' || (ctx.session.platform === 'user' && row?.user_id === ctx.session.userId);
  return row && isVisible ? row : null;
}
`,
    [`${folder}/src/${name}.test.ts`]: `import { createDatabase, inTenant, type ProcessRole } from '@signet/db';
import { type Caller, reasonsOf, startTestSubgraph, type TestSubgraph } from '@signet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import definition from '../subgraph.ts';
import { personalData } from './personal-data.ts';

const create = 'mutation ($text: String!) { create${type}(input: { text: $text }) { id text createdAt } }';
const mine = '{ my${names} { id text } }';
const byId = 'query ($id: ID!) { ${one}(id: $id) { id text } }';
const byReference =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${type} { id text } } }';

let subgraph: TestSubgraph;
let ada: Caller;
let bob: Caller;
let staff: Caller;
let id: string;
beforeAll(async () => {
  subgraph = await startTestSubgraph(definition);
  [ada, bob, staff] = await Promise.all([
    subgraph.addCustomer(),
    subgraph.addCustomer(),
    subgraph.addStaff('support'),
  ]);
  const { body } = await subgraph.ask(create, { text: 'first' }, ada);
  id = body.data.create${type}.id;
});
afterAll(() => subgraph.stop());

describe('create${type}', () => {
  it('keeps what its customer wrote', async () => {
    const { body } = await subgraph.ask(mine, {}, ada);
    expect(body).toEqual({ data: { my${names}: [{ id, text: 'first' }] } });
  });

  it('refuses an empty text and one that is too long', async () => {
    for (const text of [' ', 'a'.repeat(1001)]) {
      expect(reasonsOf(await subgraph.ask(create, { text }, ada))).toEqual(['input.text']);
    }
  });

  it('refuses a caller who has not signed in', async () => {
    expect(reasonsOf(await subgraph.ask(create, { text: 'x' }))).toEqual(['auth.failure.missing_token']);
  });

  it('refuses a token of staff', async () => {
    expect(reasonsOf(await subgraph.ask(create, { text: 'x' }, staff))).toEqual(['authz.platform.deny']);
  });
});

describe('my${names}', () => {
  it("does not show somebody else's", async () => {
    expect((await subgraph.ask(mine, {}, bob)).body).toEqual({ data: { my${names}: [] } });
  });

  it('refuses a token of staff', async () => {
    expect(reasonsOf(await subgraph.ask(mine, {}, staff))).toEqual(['authz.platform.deny']);
  });
});

describe('personalData', () => {
  it('is what this customer wrote, and nothing of others', async () => {
    const db = createDatabase(subgraph.database.urlOf('signet_${name}' as ProcessRole));
    const read = ({ id: accountId }: Caller) => {
      const tenantId = subgraph.tenants.demo;
      return inTenant(db, tenantId, (trx) => personalData.export({ trx, tenantId, accountId }));
    };
    expect(await read(ada)).toEqual({ ${name}: [{ text: 'first', createdAt: expect.any(Date) }] });
    expect(await read(bob)).toEqual({ ${name}: [] });
    await db.destroy();
  });
});

describe('${one}', () => {
  const found = { data: { ${one}: { id: expect.any(String), text: 'first' } } };

  it('is shown to its owner and to staff', async () => {
    for (const caller of [ada, staff]) {
      expect((await subgraph.ask(byId, { id }, caller)).body).toEqual(found);
    }
  });

  it("is null for another customer, for another tenant's staff, and where there is none", async () => {
    const foreign = await subgraph.addStaff('super_admin', { tenantId: subgraph.tenants.globex });
    const unknown = '0199c2f4-7a10-7000-8000-000000000001';
    for (const [asked, caller] of [[id, bob], [id, foreign], [unknown, ada]] as const) {
      expect((await subgraph.ask(byId, { id: asked }, caller)).body).toEqual({ data: { ${one}: null } });
    }
  });

  it('refuses what is not an id, and a caller who has not signed in', async () => {
    expect(reasonsOf(await subgraph.ask(byId, { id: 'x' }, ada))).toEqual(['input.id']);
    expect(reasonsOf(await subgraph.ask(byId, { id }))).toEqual(['auth.failure.missing_token']);
  });

  it('comes from the row when another subgraph refers to it, never from what the caller claims', async () => {
    const representations = [{ __typename: '${type}', id, text: 'forged' }];
    const { body } = await subgraph.ask(byReference, { representations }, ada);
    expect(body.data._entities).toEqual([{ id, text: 'first' }]);
    const refused = await subgraph.ask(byReference, { representations }, bob);
    expect(refused.body.data._entities).toEqual([null]);
  });
});
`,
  };
}

/** What db/src/access/permissions.test.ts reads from a database that the migration above was applied to. */
function writePermissions(name: string, table: string): string {
  const role = `signet_${name}`;
  const nonces = `${name}.proof_nonce`;
  const tenant = `tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid`;
  const section = (title: string, entries: readonly string[]) =>
    `# ${title}\n${entries.toSorted().join('\n')}\n`;
  return [
    `## ${name}\n`,
    section('Roles: what they are beside the rights below', [`${role}: LOGIN`]),
    section('Database', [`database: ${role} CONNECT`]),
    section('Schemas', [`auth: ${role} USAGE`, `${name}: owner signet_owner`, `${name}: ${role} USAGE`]),
    section('Tables: row security and grants', [
      `auth.tenant: ${role} SELECT (id, slug)`,
      `migration.subgraph_${name}: owner signet_owner, row security OFF`,
      `${nonces}: owner signet_owner, row security forced`,
      `${nonces}: ${role} INSERT (nonce, expires_at)`,
      `${table}: owner signet_owner, row security forced`,
      `${table}: ${role} INSERT (tenant_id, user_id, text)`,
      `${table}: ${role} SELECT (id, user_id, text, created_at)`,
    ]),
    section('Row policies', [
      `${nonces}: newcomers, INSERT to ${role}\n  with check true`,
      `${nonces}: prune_proof_nonces, ALL to signet_owner\n  using (expires_at < (now() - '00:05:00'::interval))\n  with check false`,
      `${table}: tenant, ALL to PUBLIC\n  using (${tenant})\n  with check (${tenant})`,
    ]),
    section('Functions', [
      ...[
        'prune_proof_nonces(integer)',
        'settle_person_part(uuid,integer,jsonb,text,integer)',
        'take_person_parts(integer,integer)',
      ].map(
        (signature) =>
          `${name}.${signature}: owner signet_owner, SECURITY DEFINER, search_path="", may execute: ${role}`,
      ),
    ]),
  ].join('\n');
}

function toSnakeCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
