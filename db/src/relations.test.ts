import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

type Ids = { tenant: string; ada: string; bob: string; staff: string; order: string };

const unknownId = '0199c2f4-7a10-7000-8000-000000000001';
let database: TestDatabase;
let demo: Ids;
let globex: Ids;
const open: Kysely<Database>[] = [];
let orders: Kysely<Database>;
let portal: Kysely<Database>;

function connect(role: ProcessRole): Kysely<Database> {
  const db = createDatabase(database.urlOf(role), { maxConnections: 2 });
  open.push(db);
  return db;
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
     ), placed as (
       insert into orders.order (tenant_id, user_id, total_amount, currency)
       select $1, id, 100, 'EUR' from customers where email like 'ada%' returning id, user_id
     )
     select $1 as tenant, placed.user_id as ada, customers.id as bob, staff.id as staff, placed.id as order
     from placed, customers, staff where customers.email like 'bob%'`,
    [tenant],
  );
  return row as Ids;
}

const viewer = (object: string, userId: string): StoredRelation => ({
  namespace: 'order',
  object,
  relation: 'viewer',
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
  orders = connect('signet_orders');
  portal = connect('signet_portal');
});
afterAll(async () => {
  await Promise.all(open.map((db) => db.destroy()));
  await database.drop();
});
beforeEach(() => database.query('delete from access.relation_tuple'));

describe('tuples', () => {
  it('hold from when they are added until they are removed, however often either is done', async () => {
    const tuple = viewer(demo.order, demo.bob);
    for (const change of [add, add, remove, remove, add]) await change(orders, tuple);
    expect(await countRows()).toBe(1);
    expect(await check(orders, [tuple])).toEqual([true]);
    await remove(orders, tuple);
    expect(await check(orders, [tuple])).toEqual([false]);
  });

  it('are answered in the order of the questions; every part counts', async () => {
    const tuple = viewer(demo.order, demo.bob);
    await add(orders, tuple);
    const others: StoredRelation[] = [
      { ...tuple, object: unknownId },
      { ...tuple, relation: 'owner' },
      { ...tuple, subject: `user:${demo.ada}` },
      { ...tuple, subject: `staff:${demo.bob}` },
      { ...tuple, namespace: 'customer' },
    ];
    expect(await check(orders, [...others, tuple, ...others, tuple])).toEqual([
      ...others.map(() => false),
      true,
      ...others.map(() => false),
      true,
    ]);
    expect(await check(orders, [])).toEqual([]);
  });

  it('are listed by object, those added first first', async () => {
    await add(orders, viewer(demo.order, demo.bob));
    await add(orders, viewer(demo.order, demo.ada));
    const found = await inTenant(orders, demo.tenant, (trx) =>
      findSubjects(trx, viewer('', ''), [unknownId, demo.order]),
    );
    expect(found).toEqual([[], [`user:${demo.bob}`, `user:${demo.ada}`]]);
  });

  it('about what does not exist, or is of another tenant, are refused by name of the side', async () => {
    for (const id of [unknownId, globex.order]) {
      await expect(add(orders, viewer(id, demo.bob))).rejects.toThrow('unknown object');
    }
    for (const id of [unknownId, globex.bob, demo.staff]) {
      await expect(add(orders, viewer(demo.order, id))).rejects.toThrow('unknown subject');
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
    ['a relation that orders do not have', () => ({ relation: 'owner' })],
    ['staff as the viewer of an order', ({ staff }) => ({ subject: `staff:${staff}` })],
    ['a subject without its kind', ({ bob }) => ({ subject: bob })],
    ['a group of subjects, which nobody would look into', ({ bob }) => ({ subject: `user:${bob}#friend` })],
    ['an object that is no id', () => ({ object: '*' })],
    [
      'a subject in upper case, which no check would find',
      ({ bob }) => ({ subject: `user:${bob.toUpperCase()}` }),
    ],
  ])('are refused with %s', async (_title, change) => {
    const tuple = { ...viewer(demo.order, demo.bob), ...change(demo) };
    await expect(add(orders, tuple)).rejects.toMatchObject({
      code: expect.stringMatching(/^(23514|22P02)$/),
    });
  });
});

describe('tenants', () => {
  it('have tuples of their own: the same question in another tenant is no', async () => {
    const tuple = viewer(demo.order, demo.bob);
    await add(orders, tuple);
    expect(await check(orders, [tuple], globex.tenant)).toEqual([false]);
    await remove(orders, tuple, globex.tenant);
    const found = await inTenant(orders, globex.tenant, (trx) => findSubjects(trx, tuple, [demo.order]));
    expect(found).toEqual([[]]);
    expect(await countRows()).toBe(1);
  });

  it('can not be written into from another', async () => {
    const write = inTenant(orders, demo.tenant, (trx) =>
      addRelation(trx, globex.tenant, viewer(globex.order, globex.bob)),
    );
    await expect(write).rejects.toMatchObject({ code: '42501' });
  });

  it('are none where none was set', async () => {
    await add(orders, viewer(demo.order, demo.bob));
    expect(await orders.selectFrom('access.relation_tuple').select('object').execute()).toEqual([]);
  });
});

describe('roles', () => {
  it('write no tuple of the other namespace: PostgreSQL refuses', async () => {
    const refusal = { code: '42501', message: expect.stringContaining('row-level security') };
    await expect(add(orders, assignee(demo.ada, demo.staff))).rejects.toMatchObject(refusal);
    await expect(add(portal, viewer(demo.order, demo.bob))).rejects.toMatchObject(refusal);
  });

  it('neither see nor remove tuples of the other namespace', async () => {
    await add(orders, viewer(demo.order, demo.bob));
    await add(portal, assignee(demo.ada, demo.staff));
    expect(await check(orders, [assignee(demo.ada, demo.staff)])).toEqual([false]);
    expect(await check(portal, [viewer(demo.order, demo.bob)])).toEqual([false]);
    await remove(orders, assignee(demo.ada, demo.staff));
    await remove(portal, viewer(demo.order, demo.bob));
    expect(await countRows()).toBe(2);
  });

  it('change no tuple that is there, and choose no time for one', async () => {
    await add(orders, viewer(demo.order, demo.bob));
    for (const db of [orders, portal]) {
      const change = inTenant(db, demo.tenant, (trx) =>
        trx.updateTable('access.relation_tuple').set({ relation: 'viewer' }).execute(),
      );
      await expect(change).rejects.toMatchObject({ code: '42501' });
      const backdate = inTenant(db, demo.tenant, (trx) =>
        trx
          .insertInto('access.relation_tuple')
          .values({ tenant_id: demo.tenant, ...viewer(demo.order, demo.ada), created_at: new Date(0) })
          .execute(),
      );
      await expect(backdate).rejects.toMatchObject({ code: '42501' });
    }
  });

  it.each(['signet_auth_user', 'signet_auth_portal', 'signet_catalog', 'signet_inventory'] as const)(
    '%s has no right here at all',
    async (role) => {
      await expect(check(connect(role), [viewer(demo.order, demo.bob)])).rejects.toMatchObject({
        code: '42501',
        message: 'permission denied for schema access',
      });
    },
  );

  it('that own the table have no row of it', async () => {
    await add(orders, viewer(demo.order, demo.bob));
    const owner = createDatabase<Database>(database.adminUrl, { maxConnections: 1 });
    open.push(owner);
    const seen = await inTenant(owner, demo.tenant, async (trx) => {
      await sql`set local role signet_owner`.execute(trx);
      return trx.selectFrom('access.relation_tuple').select('object').execute();
    });
    expect(seen).toEqual([]);
  });
});
