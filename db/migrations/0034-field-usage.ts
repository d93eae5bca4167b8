import { type Kysely, sql } from 'kysely';

/** Entrances whose reports the auth process of a platform takes. Those of `graph` go to the customers'. */
const reporters = [
  { role: 'signet_auth_user', entrances: `('graph', 'user')` },
  { role: 'signet_auth_portal', entrances: `('portal')` },
] as const;

/**
 * Who asked for which field, by day: sums of what the gateways counted. They are of the platform and not of a tenant: rows hold names of
 * the schema and of programs. A process can delete no day of the last week.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table auth.field_usage (
      day date not null,
      entrance text not null check (entrance in ('graph', 'user', 'portal')),
      client text not null check (length(client) <= 64),
      version text not null check (length(version) <= 64),
      coordinate text not null check (length(coordinate) between 1 and 200),
      count bigint not null check (count > 0),
      primary key (day, entrance, client, version, coordinate)
    )`.execute(db);
  await sql
    .raw(`
    alter table auth.field_usage enable row level security;
    alter table auth.field_usage force row level security;
  `)
    .execute(db);
  for (const { role, entrances } of reporters) {
    await sql
      .raw(`
      create policy ${role}_reads on auth.field_usage for select to ${role} using (entrance in ${entrances});
      create policy ${role}_adds on auth.field_usage for insert to ${role}
        with check (entrance in ${entrances} and day between current_date - 1 and current_date + 1);
      create policy ${role}_counts on auth.field_usage for update to ${role}
        using (entrance in ${entrances}) with check (day between current_date - 1 and current_date + 1);
      create policy ${role}_forgets on auth.field_usage for delete to ${role}
        using (entrance in ${entrances} and day < current_date - 6);
      grant select (day, entrance, client, version, coordinate, count),
        insert (day, entrance, client, version, coordinate, count), update (count), delete
        on auth.field_usage to ${role};
    `)
      .execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop table auth.field_usage`.execute(db);
}
