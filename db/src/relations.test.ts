import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addRelationNamespace, dropRelationNamespace } from '../migrations/support.ts';
import { createDatabase, inTenant } from './database.ts';
import {
  addRelation,
  createRelationStore,
  findSubjects,
  removeRelation,
  type StoredRelation,
} from './relations.ts';
import type { ProcessRole } from './roles.ts';
import type { Database } from './tables.ts';

type Ids = { tenant: string; ada: string; bob: string; staff: string; team: string };

const team = {
  role: 'signet_verifier',
  namespace: 'team',
  objects: 'auth.portal_user',
  relations: { member: 'user' },
} as const;
const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
let database: TestDatabase;
let demo: Ids;
let globex: Ids;
const open: Kysely<Database>[] = [];
/** A process with a namespace that a migration of a subgraph would have added: teams, led by staff, of customers. */
let teams: Kysely<Database>;
let portal: Kysely<Database>;

function connect(role: ProcessRole): Kysely<Database> {
  const db = createDatabase(database.urlOf(role), { maxConnections: 2 });
  open.push(db);
  return db;
}

async function asOwner(fn: (trx: Kysely<unknown>) => Promise<void>): Promise<void> {
  await using owner = createDatabase<unknown>(database.adminUrl, { maxConnections: 1 });
  await owner.transaction().execute(async (trx) => {
    await sql`set local role signet_owner`.execute(trx);
    await fn(trx);
  });
}

async function addTenant(slug: string): Promise<Ids> {
  const tenant = await database.addTenant(slug);
  const [row] = await database.query<Ids>(
    `with customers as (
       insert into auth.user (tenant_id, email, password_hash, pepper_id)
       values ($1, 'ada@example.com', '-', '-'), ($1, 'bob@example.com', '-', '-') returning id, email
     ), staff as (
       insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
       values ($1, 'sue@example.com', 'Sue', 'support', '-', '-') returning id
     )
     select $1 as tenant, ada.id as ada, bob.id as bob, staff.id as staff, staff.id as team
     from customers ada, customers bob, staff where ada.email like 'ada%' and bob.email like 'bob%'`,
    [tenant],
  );
  return row as Ids;
}

const member = (object: string, userId: string): StoredRelation => ({
  namespace: 'team',
  object,
  relation: 'member',
  subject: `user:${userId}`,
});
const assignee = (object: string, staffId: string): StoredRelation => ({
  namespace: 'customer',
  object,
  relation: 'assignee',
  subject: `staff:${staffId}`,
});
const add = (db: Kysely<Database>, tuple: StoredRelation, tenant = demo.tenant) =>
  inTenant(db, tenant, async (trx) => {
    const unknown = await addRelation(trx, tenant, tuple);
    if (unknown) throw new Error(`unknown ${unknown}`);
  });
const remove = (db: Kysely<Database>, tuple: StoredRelation, tenant = demo.tenant) =>
  inTenant(db, tenant, (trx) => removeRelation(trx, tuple));
const check = (db: Kysely<Database>, tuples: readonly StoredRelation[], tenant = demo.tenant) =>
  createRelationStore(db).check(tenant, tuples);
const countRows = async () => (await database.query('select from access.relation_tuple')).length;

beforeAll(async () => {
  database = await createTestDatabase();
  demo = await addTenant('demo');
  globex = await addTenant('globex');
  await asOwner((trx) => addRelationNamespace(trx, team));
  teams = connect(team.role);
  portal = connect('signet_portal');
});
afterAll(async () => {
  await Promise.all(open.map((db) => db.destroy()));
  await database.drop();
});
beforeEach(() => database.query('delete from access.relation_tuple'));

describe('tuples', () => {
  it('hold from when they are added until they are removed, however often either is done', async () => {
    const tuple = member(demo.team, demo.bob);
    for (const change of [add, add, remove, remove, add]) await change(teams, tuple);
    expect(await countRows()).toBe(1);
    expect(await check(teams, [tuple])).toEqual([true]);
    await remove(teams, tuple);
    expect(await check(teams, [tuple])).toEqual([false]);
  });

  it('are answered in the order of the questions; every part counts', async () => {
    const tuple = member(demo.team, demo.bob);
    await add(teams, tuple);
    const others: StoredRelation[] = [
      { ...tuple, object: unknownId },
      { ...tuple, relation: 'owner' },
      { ...tuple, subject: `user:${demo.ada}` },
      { ...tuple, subject: `staff:${demo.bob}` },
      { ...tuple, namespace: 'customer' },
    ];
    expect(await check(teams, [...others, tuple, ...others, tuple])).toEqual([
      ...others.map(() => false),
      true,
      ...others.map(() => false),
      true,
    ]);
    expect(await check(teams, [])).toEqual([]);
  });

  it('are listed by object, those added first first', async () => {
    await add(teams, member(demo.team, demo.bob));
    await add(teams, member(demo.team, demo.ada));
    const found = await inTenant(teams, demo.tenant, (trx) =>
      findSubjects(trx, member('', ''), [unknownId, demo.team]),
    );
    expect(found).toEqual([[], [`user:${demo.bob}`, `user:${demo.ada}`]]);
  });

  it('about what does not exist, or is of another tenant, are refused by name of the side', async () => {
    for (const id of [unknownId, globex.team]) {
      await expect(add(teams, member(id, demo.bob))).rejects.toThrow('unknown object');
    }
    for (const id of [unknownId, globex.bob, demo.staff]) {
      await expect(add(teams, member(demo.team, id))).rejects.toThrow('unknown subject');
    }
    for (const id of [unknownId, globex.ada]) {
      await expect(add(portal, assignee(id, demo.staff))).rejects.toThrow('unknown object');
    }
    for (const id of [unknownId, globex.staff, demo.ada]) {
      await expect(add(portal, assignee(demo.ada, id))).rejects.toThrow('unknown subject');
    }
    expect(await countRows()).toBe(0);
  });

  it.each<[string, (ids: Ids) => Partial<StoredRelation>]>([
    ['a relation that teams do not have', () => ({ relation: 'owner' })],
    ['staff as the member of a team', ({ staff }) => ({ subject: `staff:${staff}` })],
    ['a subject without its kind', ({ bob }) => ({ subject: bob })],
    ['a group of subjects, which nobody would look into', ({ bob }) => ({ subject: `user:${bob}#friend` })],
    ['an object that is no id', () => ({ object: '*' })],
    [
      'a subject in upper case, which no check would find',
      ({ bob }) => ({ subject: `user:${bob.toUpperCase()}` }),
    ],
  ])('are refused with %s', async (_title, change) => {
    const tuple = { ...member(demo.team, demo.bob), ...change(demo) };
    await expect(add(teams, tuple)).rejects.toMatchObject({
      code: expect.stringMatching(/^(23514|22P02)$/),
    });
  });
});

describe('tenants', () => {
  it('have tuples of their own: the same question in another tenant is no', async () => {
    const tuple = member(demo.team, demo.bob);
    await add(teams, tuple);
    expect(await check(teams, [tuple], globex.tenant)).toEqual([false]);
    await remove(teams, tuple, globex.tenant);
    const found = await inTenant(teams, globex.tenant, (trx) => findSubjects(trx, tuple, [demo.team]));
    expect(found).toEqual([[]]);
    expect(await countRows()).toBe(1);
  });

  it('can not be written into from another', async () => {
    const write = inTenant(teams, demo.tenant, (trx) =>
      addRelation(trx, globex.tenant, member(globex.team, globex.bob)),
    );
    await expect(write).rejects.toMatchObject({ code: '42501' });
  });

  it('are none where none was set', async () => {
    await add(teams, member(demo.team, demo.bob));
    expect(await teams.selectFrom('access.relation_tuple').select('object').execute()).toEqual([]);
  });
});

describe('roles', () => {
  it('write no tuple of the other namespace: PostgreSQL refuses', async () => {
    const refusal = { code: '42501', message: expect.stringContaining('row-level security') };
    await expect(add(teams, assignee(demo.ada, demo.staff))).rejects.toMatchObject(refusal);
    await expect(add(portal, member(demo.team, demo.bob))).rejects.toMatchObject(refusal);
  });

  it('neither see nor remove tuples of the other namespace', async () => {
    await add(teams, member(demo.team, demo.bob));
    await add(portal, assignee(demo.ada, demo.staff));
    expect(await check(teams, [assignee(demo.ada, demo.staff)])).toEqual([false]);
    expect(await check(portal, [member(demo.team, demo.bob)])).toEqual([false]);
    await remove(teams, assignee(demo.ada, demo.staff));
    await remove(portal, member(demo.team, demo.bob));
    expect(await countRows()).toBe(2);
  });

  it('change no tuple that is there, and choose no time for one', async () => {
    await add(teams, member(demo.team, demo.bob));
    for (const db of [teams, portal]) {
      const change = inTenant(db, demo.tenant, (trx) =>
        trx.updateTable('access.relation_tuple').set({ relation: 'member' }).execute(),
      );
      await expect(change).rejects.toMatchObject({ code: '42501' });
      const backdate = inTenant(db, demo.tenant, (trx) =>
        trx
          .insertInto('access.relation_tuple')
          .values({ tenant_id: demo.tenant, ...member(demo.team, demo.ada), created_at: new Date(0) })
          .execute(),
      );
      await expect(backdate).rejects.toMatchObject({ code: '42501' });
    }
  });

  // The second one may call a function of the schema, and has no right to its table.
  it.each([
    ['signet_auth_user', 'permission denied for schema access'],
    ['signet_auth_portal', 'permission denied for table relation_tuple'],
  ] as const)('%s has no right to the tuples at all', async (role, message) => {
    const checking = check(connect(role), [member(demo.team, demo.bob)]);
    await expect(checking).rejects.toMatchObject({ code: '42501', message });
  });

  it('that own the table have no row of it', async () => {
    await add(teams, member(demo.team, demo.bob));
    const owner = createDatabase<Database>(database.adminUrl, { maxConnections: 1 });
    open.push(owner);
    const seen = await inTenant(owner, demo.tenant, async (trx) => {
      await sql`set local role signet_owner`.execute(trx);
      return trx.selectFrom('access.relation_tuple').select('object').execute();
    });
    expect(seen).toEqual([]);
  });
});

// Last: the namespace of the other tests goes.
describe('a namespace that is taken back', () => {
  it('takes its tuples with it, of every tenant, and leaves the others', async () => {
    await add(teams, member(demo.team, demo.bob));
    await add(teams, member(globex.team, globex.bob), globex.tenant);
    await add(portal, assignee(demo.ada, demo.staff));
    await asOwner((trx) => dropRelationNamespace(trx, team));
    expect(await database.query('select namespace from access.relation_tuple')).toEqual([
      { namespace: 'customer' },
    ]);
    const [table] = await database.query(
      `select relforcerowsecurity as forced from pg_class where oid = 'access.relation_tuple'::regclass`,
    );
    expect(table).toEqual({ forced: true });
    await expect(check(teams, [member(demo.team, demo.bob)])).rejects.toMatchObject({ code: '42501' });
  });
});
