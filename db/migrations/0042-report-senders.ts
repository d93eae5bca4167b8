import { type Kysely, sql } from 'kysely';
import { createPruning, type Pruning } from './support.ts';

/** Entrances whose reports the auth process of a platform takes. */
const entrancesOf = { user: `('graph', 'user')`, portal: `('graph', 'portal')` };
const platforms = ['user', 'portal'] as const;

/** A sender that comes back after a day with a report that was taken in is taken for a new one. */
const pruningOf = (platform: (typeof platforms)[number]): Pruning => ({
  name: `auth.prune_${platform}_report_senders`,
  table: 'auth.report_sender',
  key: 'sender',
  expired: `platform = '${platform}' and seen_at < now() - interval '1 day'`,
  role: `signet_auth_${platform}`,
});

/**
 * The last report that auth took in from each sender of gateways: a report that is sent again, since its answer got lost, is not counted
 * twice. One row a sender, whatever it sends. Logged, unlike nonces: a server that crashes is what loses answers.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
    create table auth.report_sender (
      platform text not null check (platform in ('user', 'portal')),
      entrance text not null check (entrance in ('graph', 'user', 'portal')),
      sender uuid not null,
      last_number bigint not null check (last_number > 0),
      seen_at timestamptz not null default now(),
      primary key (platform, entrance, sender)
    );
    create index report_sender_expiry on auth.report_sender (platform, seen_at);
    alter table auth.report_sender enable row level security;
    alter table auth.report_sender force row level security;
  `)
    .execute(db);
  for (const platform of platforms) {
    await sql
      .raw(`
      create policy ${platform}_takes on auth.report_sender to signet_auth_${platform}
        using (platform = '${platform}') with check (platform = '${platform}' and entrance in ${entrancesOf[platform]});
      grant select (platform, entrance, sender, last_number), insert (platform, entrance, sender, last_number),
        update (last_number, seen_at) on auth.report_sender to signet_auth_${platform};
    `)
      .execute(db);
    await createPruning(db, pruningOf(platform));
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const platform of platforms)
    await sql.raw(`drop function ${pruningOf(platform).name}(integer)`).execute(db);
  await sql`drop table auth.report_sender`.execute(db);
}
