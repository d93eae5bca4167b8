import { createTestDatabase, type TestDatabase } from '@signet/testing/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processRoles } from '../roles.ts';
import { createRoleClients, type RoleClient, type RoleClients } from './role-client.test-support.ts';

// Each role, each table, each column, each kind of statement: sent to the server as that role, and compared with this.
// What is not here is refused.

const accountOfAuth =
  'email email_verified password_hash pepper_id password_version is_active is_seeded created_at id';
const changedPassword = 'password_hash pepper_id password_version';
const sessionOfAuth =
  'id password_version auth_time amr device address created_at last_used_at expires_at ended_at';
const newSession =
  'tenant_id password_version auth_time amr device address created_at last_used_at expires_at';
const refreshToken = {
  select: 'token_hash session_id expires_at used_at sealed_successor',
  insert: 'token_hash tenant_id session_id created_at expires_at',
  update: 'used_at sealed_successor',
};
const signingKey = {
  select:
    'kid platform algorithm state sealed_private_key created_at published_at activated_at retire_at promote_at imported token_seconds',
  insert: 'kid platform algorithm state sealed_private_key published_at activated_at imported token_seconds',
  update: 'state sealed_private_key activated_at retire_at promote_at token_seconds',
};
/** The policy leaves signing keys of its own platform only. */
const revocation = { insert: 'kind platform subject' };
const throttle = {
  select: 'key points expire',
  insert: 'key points expire',
  update: 'points expire',
  delete: 'all',
};
const newAuditEvent = 'tenant_id kind platform actor_id subject_id session_id address request_id details';
const seal = 'platform number sealed_at event_ids digests previous mac';
/** Rows are added, and nobody changes or deletes one. The policies leave those of its own platform only. */
const auditing = {
  'auth.audit_event': { select: `id happened_at ${newAuditEvent}`, insert: newAuditEvent },
  'auth.audit_seal': { select: seal, insert: seal },
  'auth.audit_pending': { select: 'event_id platform', delete: 'all' },
};
/** Seen by nobody: a row that is there already shows when it is added. */
const proofNonce = { insert: 'nonce expires_at' };
const tenant = { select: 'id slug' };
const tuple = {
  select: 'namespace object relation subject created_at',
  insert: 'tenant_id namespace object relation subject',
  delete: 'all',
};

type Rights = Partial<Record<keyof typeof columnAttempts | keyof typeof tableAttempts, string>>;
const expected: Record<string, Record<string, Rights>> = {
  signet_auth_user: {
    'auth.tenant': { select: 'id slug self_registration' },
    'auth.development_seed': { select: 'tenant_id' },
    'auth."user"': {
      select: `${accountOfAuth} tenant_id full_name`,
      insert: 'tenant_id email full_name password_hash pepper_id',
      update: `${changedPassword} updated_at`,
    },
    'auth.user_session': {
      select: `${sessionOfAuth} user_id`,
      insert: `${newSession} user_id`,
      update: 'password_version last_used_at ended_at end_reason',
    },
    'auth.user_refresh_token': refreshToken,
    'auth.user_throttle': throttle,
    'auth.user_proof_nonce': proofNonce,
    'auth.signing_key': signingKey,
    'auth.revocation': revocation,
    ...auditing,
  },
  signet_auth_portal: {
    'auth.tenant': tenant,
    'auth.development_seed': { select: 'tenant_id' },
    'auth.portal_user': {
      select: `${accountOfAuth} full_name role`,
      update: `${changedPassword} role is_active updated_at`,
    },
    'auth.portal_session': {
      select: `${sessionOfAuth} staff_id`,
      insert: `${newSession} staff_id`,
      update: 'password_version last_used_at ended_at end_reason',
    },
    'auth.portal_refresh_token': refreshToken,
    'auth.portal_throttle': throttle,
    'auth.portal_proof_nonce': proofNonce,
    'auth.signing_key': signingKey,
    'auth.revocation': revocation,
    ...auditing,
  },
  signet_portal: {
    'auth.tenant': tenant,
    'auth."user"': { select: 'id email full_name is_active' },
    'auth.audit_event': {
      select: 'id happened_at kind platform actor_id subject_id session_id address request_id details',
      insert: newAuditEvent,
    },
    'portal.proof_nonce': proofNonce,
    'portal.support_note': {
      select: 'id user_id staff_id body created_at',
      insert: 'tenant_id user_id staff_id body',
    },
    'access.relation_tuple': tuple,
  },
  signet_catalog: {
    'auth.tenant': tenant,
    'catalog.proof_nonce': proofNonce,
    'catalog.category': { select: 'id tenant_id slug name', insert: 'tenant_id slug name' },
    'catalog.product': {
      select:
        'id tenant_id category_id sku name description price_amount currency archived_at created_at updated_at',
      insert: 'tenant_id category_id sku name description price_amount currency',
      update: 'price_amount archived_at updated_at',
    },
  },
  signet_inventory: {
    'auth.tenant': tenant,
    'inventory.proof_nonce': proofNonce,
    'inventory.stock': {
      select: 'product_id on_hand reserved',
      insert: 'tenant_id product_id on_hand',
      update: 'on_hand updated_at',
    },
  },
  signet_orders: {
    'auth.tenant': tenant,
    'orders."order"': {
      select: 'id user_id status total_amount currency placed_at shipped_at cancelled_at',
      insert: 'tenant_id user_id total_amount currency',
      update: 'status shipped_at cancelled_at',
    },
    'orders.proof_nonce': proofNonce,
    'orders.order_item': {
      select: 'order_id position product_id quantity unit_price_amount',
      insert: 'tenant_id order_id position product_id quantity unit_price_amount',
    },
    'orders.idempotency_key': {
      select: 'tenant_id user_id operation key input_hash order_id',
      insert: 'tenant_id user_id operation key input_hash',
      update: 'order_id',
    },
    'access.relation_tuple': tuple,
  },
  signet_verifier: {
    'auth.revocation': { select: 'kind platform subject transaction_id created_at expires_at' },
  },
};

/** Statements that touch no row: the server checks rights before it looks for rows. */
const columnAttempts = {
  select: (table: string, column: string) => `select ${column} from ${table} where false`,
  insert: (table: string, column: string) => `insert into ${table} (${column}) select null where false`,
  update: (table: string, column: string) => `update ${table} set ${column} = default where false`,
};
const tableAttempts = {
  delete: (table: string) => `delete from ${table} where false`,
  truncate: (table: string) => `truncate ${table}`,
};
/** insufficient_privilege; generated_always: into such a column nobody writes. */
const refusals = ['42501', '428C9'];

let database: TestDatabase;
let roles: RoleClients;
let columns: { table: string; column: string }[];

beforeAll(async () => {
  database = await createTestDatabase();
  roles = createRoleClients(database);
  columns = await listColumns();
});
afterAll(async () => {
  await roles.close();
  await database.drop();
});

describe('a process role reads and writes what its statements use, and is refused all else', () => {
  it.each(processRoles)('%s', async (role) => {
    const client = await roles.as(role);
    expect(sortAll(await findRights(client))).toEqual(sortAll(expected[role] ?? {}));
  });

  it('and the tables tried are all there are', () => {
    expect(new Set(columns.map(({ table }) => table)).size).toBeGreaterThanOrEqual(19);
    expect(columns.length).toBeGreaterThan(130);
  });

  it.each([
    ['password hashes', 'auth."user"', 'password_hash', ['signet_auth_user']],
    ['the id of their pepper', 'auth."user"', 'pepper_id', ['signet_auth_user']],
    ['password hashes of staff', 'auth.portal_user', 'password_hash', ['signet_auth_portal']],
    ['the id of their pepper, of staff', 'auth.portal_user', 'pepper_id', ['signet_auth_portal']],
    ['refresh tokens', 'auth.user_refresh_token', 'token_hash', ['signet_auth_user']],
    ['refresh tokens of staff', 'auth.portal_refresh_token', 'token_hash', ['signet_auth_portal']],
    ['signing keys', 'auth.signing_key', 'sealed_private_key', ['signet_auth_user', 'signet_auth_portal']],
  ])('%s, %s.%s: read by %j alone', async (_title, table, column, readers) => {
    const found: string[] = [];
    for (const role of processRoles) {
      const client = await roles.as(role);
      if ((await client.refusalOf(`select ${column} from ${table}`)) === undefined) {
        found.push(role);
        continue;
      }
      for (const statement of waysAround(table, column)) {
        expect(await client.refusalOf(statement), statement).toMatch(/^42501 /);
      }
    }
    expect(found).toEqual(readers);
  });
});

/** What tells a column's values without returning the column. */
function waysAround(table: string, column: string): string[] {
  return [
    `select * from ${table}`,
    `select t from ${table} t`,
    `select to_jsonb(t) from ${table} t`,
    `select 1 from ${table} where ${column} is not null`,
    `select 1 from ${table} order by ${column}`,
    `update ${table} set ${column} = ${column} returning ${column}`,
    `copy ${table} to stdout`,
  ];
}

/** Names of columns by table and action; 'all' for an action on a whole table. */
async function findRights(client: RoleClient): Promise<Record<string, Rights>> {
  const rights: Record<string, Rights> = {};
  const note = (table: string, action: keyof Rights, name: string) => {
    rights[table] ??= {};
    rights[table][action] = `${rights[table][action] ?? ''} ${name.replaceAll('"', '')}`;
  };
  for (const { table, column } of columns) {
    for (const [action, toSql] of Object.entries(columnAttempts)) {
      if (await isAllowed(client, toSql(table, column))) note(table, action as keyof Rights, column);
    }
  }
  for (const table of new Set(columns.map((column) => column.table))) {
    for (const [action, toSql] of Object.entries(tableAttempts)) {
      if (await isAllowed(client, toSql(table))) note(table, action as keyof Rights, 'all');
    }
  }
  return rights;
}

async function isAllowed(client: RoleClient, sql: string): Promise<boolean> {
  const refusal = await client.refusalOutsideOf(sql);
  if (refusal === undefined) return true;
  if (refusals.some((code) => refusal.startsWith(code))) return false;
  throw new Error(`${sql}: ${refusal}`); // Neither done nor refused: the attempt itself is wrong.
}

/** Names of columns in one order, whatever order they were written in. */
function sortAll(rights: Record<string, Rights>) {
  return Object.fromEntries(
    Object.entries(rights).map(([table, actionsOfTable]) => [
      table,
      Object.fromEntries(
        Object.entries(actionsOfTable).map(([action, names]) => [action, names.trim().split(' ').sort()]),
      ),
    ]),
  );
}

function listColumns(): Promise<{ table: string; column: string }[]> {
  return database.query(
    `select format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v', 'm', 'p', 'f') and a.attnum > 0 and not a.attisdropped
       and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     order by 1, a.attnum`,
  );
}
