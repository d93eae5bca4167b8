import { type Kysely, sql } from 'kysely';
import { publishFunction } from './support/row-security.ts';

type NonceTable = { schema: string; table: string; role: string };

/** A table for each recipient: no process can use up, or see, what was sent to another. */
const nonceTables: readonly NonceTable[] = [
  ...['user', 'portal'].map((platform) => ({
    schema: 'auth',
    table: `${platform}_proof_nonce`,
    role: `signet_auth_${platform}`,
  })),
  ...['portal', 'catalog', 'inventory', 'orders'].map((schema) => ({
    schema,
    table: 'proof_nonce',
    role: `signet_${schema}`,
  })),
];

/**
 * Nonces of the mutations that were taken in: an INSERT that finds its row is a replay, at whichever replica it comes in.
 * Unlogged: a row is of use for a minute, and a write to the log for each mutation would cost more than it saves. After a
 * crash of the server, or a failover, the tables are empty: what was signed within the half minute before could come once more.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const nonceTable of nonceTables) {
    await createTable(db, nonceTable);
    await createPruning(db, nonceTable);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const { schema, table } of nonceTables) {
    await sql
      .raw(`drop function ${schema}.prune_${table}s(integer); drop table ${schema}.${table}`)
      .execute(db);
  }
}

/** The process adds rows, and reads, changes and deletes none. */
async function createTable(db: Kysely<unknown>, { schema, table, role }: NonceTable): Promise<void> {
  await sql
    .raw(`
    create unlogged table ${schema}.${table} (
      nonce text primary key check (length(nonce) between 1 and 64),
      expires_at timestamptz not null
    );
    create index ${table}_expiry on ${schema}.${table} (expires_at);
    alter table ${schema}.${table} enable row level security;
    alter table ${schema}.${table} force row level security;
    create policy newcomers on ${schema}.${table} for insert to ${role} with check (true);
    grant insert (nonce, expires_at) on ${schema}.${table} to ${role};
  `)
    .execute(db);
}

/** Five minutes more for clocks that differ: a row that goes too early lets a message in twice. */
async function createPruning(db: Kysely<unknown>, { schema, table, role }: NonceTable): Promise<void> {
  const expired = `expires_at < now() - interval '5 minutes'`;
  await sql
    .raw(`
    create policy prune_${table}s on ${schema}.${table} to signet_owner using (${expired}) with check (false);
    create function ${schema}.prune_${table}s(most integer) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      pruned pg_catalog.int4;
    begin
      delete from ${schema}.${table} where nonce in (
        select nonce from ${schema}.${table} where ${expired} limit least(most, 10000) for update skip locked
      );
      get diagnostics pruned = row_count;
      return pruned;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `${schema}.prune_${table}s(integer)`, role);
}
