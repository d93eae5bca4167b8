import { type Kysely, sql } from 'kysely';

// Migrations that have landed call these functions: what they make must stay as it is. A change is a new function.

const currentTenant = `nullif(current_setting('app.tenant', true), '')::uuid`;

/**
 * Rows of another tenant do not exist for anyone, the owner included (FORCE). `nullif`: after a transaction-local
 * set_config the setting is '' on that connection, not null; unset means no rows.
 */
export async function secureByTenant(db: Kysely<unknown>, table: string): Promise<void> {
  await sql
    .raw(`
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy tenant on ${table}
      using (tenant_id = ${currentTenant})
      with check (tenant_id = ${currentTenant});
  `)
    .execute(db);
}

export async function grantUsage(
  db: Kysely<unknown>,
  schema: string,
  roles: readonly string[],
): Promise<void> {
  await sql.raw(`grant usage on schema ${schema} to ${roles.join(', ')}`).execute(db);
}

/** What the owner makes from here on is nobody else's until it is granted; else every role might call new functions. */
export async function closeByDefault(db: Kysely<unknown>): Promise<void> {
  await sql`alter default privileges revoke execute on functions from public`.execute(db);
  await sql`alter default privileges revoke usage on types from public`.execute(db);
}

export async function openByDefault(db: Kysely<unknown>): Promise<void> {
  await sql`alter default privileges grant execute on functions to public`.execute(db);
  await sql`alter default privileges grant usage on types to public`.execute(db);
}

/** A function that its owner publishes to one process. The revoke repeats what closeByDefault does. */
export async function publishFunction(db: Kysely<unknown>, signature: string, role: string): Promise<void> {
  await sql
    .raw(`
    revoke all on function ${signature} from public;
    grant execute on function ${signature} to ${role};
  `)
    .execute(db);
}

/**
 * What a subgraph starts with: a schema, a role that may use it and read which tenants there are, and a table for the nonces
 * of its signed requests. The role `signet_<name>` is made by createRoles.
 */
export async function createSubgraphSchema(db: Kysely<unknown>, name: string): Promise<void> {
  const role = `signet_${name}`;
  await sql
    .raw(`
    create schema ${name};
    grant usage on schema ${name}, auth to ${role};
    grant select (id, slug) on auth.tenant to ${role};
  `)
    .execute(db);
  await createNonceTable(db, { schema: name, table: 'proof_nonce', role });
}

/** Takes createSubgraphSchema back, with everything in the schema. */
export async function dropSubgraphSchema(db: Kysely<unknown>, name: string): Promise<void> {
  const role = `signet_${name}`;
  await sql
    .raw(`
    drop schema ${name} cascade;
    revoke select (id, slug) on auth.tenant from ${role};
    revoke usage on schema auth from ${role};
  `)
    .execute(db);
}

/** A table for each recipient: no process can use up, or see, what was sent to another. */
export type NonceTable = { schema: string; table: string; role: string };

/**
 * Nonces of mutations that were accepted: an INSERT that finds its row is a replay, at whichever replica it arrives. The
 * process adds rows; it reads, changes and deletes none. Unlogged: a row is of use for a minute, and a write to the log for each
 * mutation would cost more than it saves. After a crash of the server, or a failover, the table is empty: what was signed
 * within the half minute before could be accepted once more.
 */
export async function createNonceTable(
  db: Kysely<unknown>,
  { schema, table, role }: NonceTable,
): Promise<void> {
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
  await createPruning(db, {
    name: `${schema}.prune_${table}s`,
    table: `${schema}.${table}`,
    key: 'nonce',
    // Five minutes more for clocks that differ: a row that goes too early lets a message in twice.
    expired: `expires_at < now() - interval '5 minutes'`,
    role,
  });
}

export type Pruning = {
  /** Name of the function, with its schema. */
  name: string;
  table: string;
  /** Names a row. */
  key: string;
  /** A condition on a row. */
  expired: string;
  /** Who may call it. */
  role: string;
};

/**
 * A function that deletes at most `most` expired rows, of all tenants, and returns how many. What has expired is written here
 * and in the policy: the caller gets no right to delete anything else. Rows that somebody holds wait for the next time.
 */
export async function createPruning(
  db: Kysely<unknown>,
  { name, table, key, expired, role }: Pruning,
): Promise<void> {
  await sql
    .raw(`
    create policy ${policyOf(name)} on ${table} to signet_owner using (${expired}) with check (false);
    create function ${name}(most integer) returns integer
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      pruned pg_catalog.int4;
    begin
      delete from ${table} where ${key} in (
        select ${key} from ${table} where ${expired} limit least(most, 10000) for update skip locked
      );
      get diagnostics pruned = row_count;
      return pruned;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `${name}(integer)`, role);
}

export async function dropPruning(
  db: Kysely<unknown>,
  { name, table }: Pick<Pruning, 'name' | 'table'>,
): Promise<void> {
  await sql.raw(`drop function ${name}(integer); drop policy ${policyOf(name)} on ${table};`).execute(db);
}

/** `prune_user_sessions` for `auth.prune_user_sessions`. */
function policyOf(functionName: string): string {
  return functionName.split('.')[1] ?? functionName;
}

/**
 * Lets the process of a subgraph record what staff change in its data: rows of its own kinds, `<name>.…`, on the portal's side, in
 * the tenant of the change. It reads no row, and changes none.
 */
export async function grantAuditing(db: Kysely<unknown>, name: string): Promise<void> {
  await sql
    .raw(`
    create policy ${name}_writes on auth.audit_event as restrictive for insert to signet_${name}
      with check (platform = 'portal' and kind ^@ '${name}.');
    grant insert (tenant_id, kind, platform, actor_id, subject_id, session_id, address, request_id, details)
      on auth.audit_event to signet_${name};
  `)
    .execute(db);
}

export async function revokeAuditing(db: Kysely<unknown>, name: string): Promise<void> {
  await sql
    .raw(`
    drop policy ${name}_writes on auth.audit_event;
    revoke insert (tenant_id, kind, platform, actor_id, subject_id, session_id, address, request_id, details)
      on auth.audit_event from signet_${name};
  `)
    .execute(db);
}

export type TextColumns = {
  table: string;
  /** Each with the most characters that it takes: some letters are several in normal form C. A longer text stays as it is. */
  columns: Readonly<Record<string, number>>;
  /** Columns together with which each text is unique. */
  unique?: readonly string[];
};

/**
 * Brings texts of existing rows into Unicode's normal form C, in which every subgraph reads its input. Of rows that would become
 * equal where texts are unique, all stay, and a warning names them for a person to decide. For tables of tenants: the owner sees
 * all of their rows only while row security does not bind it.
 */
export async function normalizeTexts(
  db: Kysely<unknown>,
  { table, columns, unique }: TextColumns,
): Promise<void> {
  await sql.raw(`alter table ${table} no force row level security`).execute(db);
  for (const [column, limit] of Object.entries(columns)) {
    const normal = `normalize(t.${column}, nfc)`;
    const isOther = `t.${column} is not nfc normalized and length(${normal}) <= ${limit}`;
    const isSame = [
      ...(unique ?? []).map((name) => `o.${name} = t.${name}`),
      `normalize(o.${column}, nfc) = ${normal}`,
    ];
    const isFree = unique
      ? ` and not exists (select from ${table} o where (o.${column} is nfc normalized or o.ctid < t.ctid) and ${isSame.join(' and ')})`
      : '';
    await sql.raw(`update ${table} t set ${column} = ${normal} where ${isOther}${isFree}`).execute(db);
    if (!unique) continue;
    const left = await sql<{ id: string | null }>`
      ${sql.raw(`select to_jsonb(t) ->> 'id' as id from ${table} t where ${isOther}`)}`.execute(db);
    if (left.rows.length > 0) {
      process.emitWarning(
        `${table}: ${left.rows.length} rows keep their ${column}, which is another row's in another spelling (ids: ${left.rows.map(({ id }) => id).join(', ')})`,
      );
    }
  }
  await sql.raw(`alter table ${table} force row level security`).execute(db);
}

export type RelationNamespace = {
  /** The process that alone sees, adds and removes its tuples. */
  role: string;
  /** Lowercase letters: `order` in `order:1#viewer@user:2`. */
  namespace: string;
  /** Where the objects are: a table with a unique (tenant_id, id). */
  objects: string;
  /** Each relation with the kind of subject that may stand in it. */
  relations: Readonly<Record<string, 'user' | 'staff'>>;
};

/**
 * Adds a namespace to access.relation_tuple. Its generated column is there for the foreign key: a tuple about an object that
 * does not exist, or is another tenant's, is refused without any process being given the right to read it.
 */
export async function addRelationNamespace(
  db: Kysely<unknown>,
  { role, namespace, objects, relations }: RelationNamespace,
): Promise<void> {
  const condition = `tenant_id = ${currentTenant} and namespace = '${namespace}'`;
  const known = Object.entries(relations)
    .map(([relation, subject]) => `relation = '${relation}' and subject ^@ '${subject}:'`)
    .join(' or ');
  // A tuple is there or not: there is nothing in it to update.
  await sql
    .raw(`
    alter table access.relation_tuple
      add column object_${namespace}_id uuid
        generated always as (case namespace when '${namespace}' then object::uuid end) stored,
      add constraint known_${namespace} foreign key (tenant_id, object_${namespace}_id) references ${objects} (tenant_id, id),
      add constraint known_${namespace}_relation check (namespace <> '${namespace}' or ${known});
    create policy tenant_${namespace} on access.relation_tuple to ${role}
      using (${condition}) with check (${condition});
    grant usage on schema access to ${role};
    grant select (namespace, object, relation, subject, created_at),
      insert (tenant_id, namespace, object, relation, subject),
      delete
      on access.relation_tuple to ${role};
  `)
    .execute(db);
}

/** Takes addRelationNamespace back and deletes the tuples. The owner sees them only while row security does not bind it. */
export async function dropRelationNamespace(
  db: Kysely<unknown>,
  { role, namespace }: Pick<RelationNamespace, 'role' | 'namespace'>,
): Promise<void> {
  await sql
    .raw(`
    alter table access.relation_tuple no force row level security;
    delete from access.relation_tuple where namespace = '${namespace}';
    alter table access.relation_tuple force row level security;
    revoke all on access.relation_tuple from ${role};
    revoke usage on schema access from ${role};
    drop policy tenant_${namespace} on access.relation_tuple;
    alter table access.relation_tuple
      drop constraint known_${namespace}_relation, drop constraint known_${namespace}, drop column object_${namespace}_id;
  `)
    .execute(db);
}

/**
 * Lets the process of a subgraph answer for its data about persons: it takes its own parts of what customers asked for, of all tenants,
 * and settles them. A part that was taken is due again after `lease` seconds; `settle_…` ends the attempt that was taken (by its number),
 * and tells whether it was still that attempt's.
 */
export async function answerPersonalData(db: Kysely<unknown>, name: string): Promise<void> {
  const begin = `perform pg_catalog.set_config('app.person_parts', '${name}', true)`;
  const end = `perform pg_catalog.set_config('app.person_parts', '', true)`;
  await sql
    .raw(`
    create function ${name}.take_person_parts(most integer, lease integer)
      returns table (request_id uuid, tenant_id uuid, account_id uuid, kind text, attempt integer)
      language plpgsql volatile security definer set search_path = ''
    as $$
    begin
      ${begin};
      return query
        with due as materialized (
          select d.request_id from auth.person_part d
          where d.subgraph = '${name}' and d.done_at is null and d.next_attempt_at <= pg_catalog.now()
          order by d.next_attempt_at, d.request_id limit least(most, 100) for update skip locked
        )
        update auth.person_part p
        set attempts = p.attempts + 1, next_attempt_at = pg_catalog.now() + pg_catalog.make_interval(secs => lease)
        from due where p.request_id = due.request_id and p.subgraph = '${name}'
        returning p.request_id, p.tenant_id, p.account_id, p.kind, p.attempts;
      ${end};
    end $$;
    create function ${name}.settle_person_part(request uuid, attempt integer, answer jsonb, error text, retry integer) returns boolean
      language plpgsql volatile security definer set search_path = ''
    as $$
    declare
      done pg_catalog.bool;
    begin
      ${begin};
      update auth.person_part p set
        data = case when error is null then answer end,
        done_at = case when error is null then pg_catalog.now() end,
        last_error = left(error, 500),
        next_attempt_at = case when error is null then p.next_attempt_at else pg_catalog.now() + pg_catalog.make_interval(secs => retry) end
      where p.request_id = request and p.subgraph = '${name}' and p.attempts = attempt and p.done_at is null;
      done := found;
      ${end};
      return done;
    end $$;
  `)
    .execute(db);
  await publishFunction(db, `${name}.take_person_parts(integer, integer)`, `signet_${name}`);
  await publishFunction(
    db,
    `${name}.settle_person_part(uuid, integer, jsonb, text, integer)`,
    `signet_${name}`,
  );
}

/** Takes answerPersonalData back. */
export async function dropPersonalData(db: Kysely<unknown>, name: string): Promise<void> {
  await sql
    .raw(`
    drop function ${name}.take_person_parts(integer, integer);
    drop function ${name}.settle_person_part(uuid, integer, jsonb, text, integer);
  `)
    .execute(db);
}
