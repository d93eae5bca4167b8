import type { Database } from '@signet/db';
import { sql, type Transaction } from 'kysely';
import type { PersonRequest } from './person-request.queries.ts';

/**
 * What auth itself keeps of a customer: the account, sessions, devices, second factors, identities at providers, mails and audit rows. Nothing that proves who
 * somebody is: no hash, no secret, no token. Who of the staff did something, from where and why, is not the customer's data:
 * events of the portal's platform are left out, and addresses of others too.
 */
export async function exportOwnData(
  trx: Transaction<Database>,
  { accountId }: Pick<PersonRequest, 'accountId'>,
): Promise<Record<string, unknown>> {
  const { rows } = await sql<{ data: Record<string, unknown> }>`
    select jsonb_build_object(
      'account', (
        select jsonb_build_object('id', id, 'email', email, 'emailVerified', email_verified, 'fullName', full_name,
          'language', language, 'createdAt', created_at)
        from auth.user where id = ${accountId}
      ),
      'sessions', ${listOf(sql`
        select device, host(address) as address, created_at as "createdAt", last_used_at as "lastUsedAt",
          expires_at as "expiresAt", ended_at as "endedAt", end_reason as "endReason", amr as methods
        from auth.user_session where user_id = ${accountId} order by id`)},
      'devices', ${listOf(sql`
        select user_agent as device, host(address) as address, first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt"
        from auth.user_device where account_id = ${accountId} order by first_seen_at`)},
      'secondFactors', jsonb_build_object(
        'totp', ${listOf(sql`
          select created_at as "createdAt", last_used_at as "lastUsedAt"
          from auth.user_totp where account_id = ${accountId} and confirmed_at is not null`)},
        'passkeys', ${listOf(sql`
          select name, created_at as "createdAt", last_used_at as "lastUsedAt", disabled_at as "disabledAt"
          from auth.user_passkey where account_id = ${accountId} order by created_at`)},
        'recoveryCodesLeft', (select count(*) from auth.user_recovery_code where account_id = ${accountId})
      ),
      'identities', ${listOf(sql`
        select provider, issuer, subject, email, linked_by as "linkedBy", created_at as "linkedAt", last_used_at as "lastUsedAt", unlinked_at as "unlinkedAt"
        from auth.user_identity where account_id = ${accountId} order by created_at`)},
      'supportSessions', ${listOf(sql`
        select reason_class as reason, begun_at as "begunAt", coalesce(ended_at, expires_at) as "endedAt", objected_at as "objectedAt"
        from auth.user_impersonation where account_id = ${accountId} and begun_at is not null order by id`)},
      'mails', ${listOf(sql`
        select template, state, created_at as "createdAt"
        from auth.user_mail where account_id = ${accountId} order by created_at`)},
      'requests', ${listOf(sql`
        select kind, state, created_at as "createdAt", settled_at as "settledAt"
        from auth.person_request where account_id = ${accountId} order by id`)},
      'events', ${listOf(sql`
        select kind, happened_at as at, case when actor_id = ${accountId} then host(address) end as address, details - 'act' as details
        from auth.audit_event
        where platform = 'user' and (subject_id = ${accountId} or actor_id = ${accountId}) order by happened_at, id`)}
    ) as data`.execute(trx);
  return rows[0]?.data ?? {};
}

function listOf(query: ReturnType<typeof sql>) {
  return sql`(select coalesce(jsonb_agg(to_jsonb(listed)), '[]') from (${query}) listed)`;
}
