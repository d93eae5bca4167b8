import type { TestDatabase } from '@signet/testing/database';

/** One tenant's ids: it has exactly one row in each table of the platform. */
export type TenantRows = { tenant: string; user: string; staff: string };

/** Creates a tenant with a row in every table of the platform, as the admin. */
export async function addTenantRows(database: TestDatabase, slug: string): Promise<TenantRows> {
  const tenant = await database.addTenant(slug);
  const [rows] = await database.query<TenantRows>(
    `with customer as (
       insert into auth.user (tenant_id, email, password_hash, pepper_id)
       values ($1, 'ada@example.com', 'hash', 'pepper') returning id
     ), staff as (
       insert into auth.portal_user (tenant_id, email, full_name, role, password_hash, pepper_id)
       values ($1, 'support@example.com', 'Sue', 'support', 'hash', 'pepper') returning id
     )
     select $1 as tenant, customer.id as user, staff.id as staff from customer, staff`,
    [tenant],
  );
  const ids = rows as TenantRows;
  for (const [sql, ...names] of dependents) {
    await database.query(sql, [tenant, ...names.map((name) => ids[name])]);
  }
  return ids;
}

const session = (account: string) =>
  `(tenant_id, ${account}, password_version, amr, expires_at) values ($1, $2, 1, '{pwd}', now() + interval '1 day') returning id, tenant_id`;
const refreshToken = `(token_hash, tenant_id, session_id, expires_at)
  select sha256(id::text::bytea), tenant_id, id, now() + interval '1 day' from session`;

const dependents: readonly [sql: string, ...values: (keyof TenantRows)[]][] = [
  [
    `with session as (insert into auth.user_session ${session('user_id')}) insert into auth.user_refresh_token ${refreshToken}`,
    'user',
  ],
  [
    `with session as (insert into auth.portal_session ${session('staff_id')}) insert into auth.portal_refresh_token ${refreshToken}`,
    'staff',
  ],
  ...(['user', 'staff'] as const).flatMap((account): [sql: string, ...values: (keyof TenantRows)[]][] => {
    const platform = account === 'user' ? 'user' : 'portal';
    return [
      [
        `insert into auth.${platform}_mail (tenant_id, account_id, template, recipient) values ($1, $2, 'sample', substr(sha256('x'), 1, 16))`,
        account,
      ],
      [
        `insert into auth.${platform}_account_token (token_hash, tenant_id, account_id, purpose, password_version, email, expires_at)
         values (sha256($1::uuid::text::bytea), $1::uuid, $2, 'sample', 1, 'x@example.com', now() + interval '1 day')`,
        account,
      ],
      [
        `insert into auth.${platform}_device
           (tenant_id, account_id, device_id, device_version, user_agent, first_seen_at, last_seen_at, expires_at)
         values ($1, $2, 'AAAAAAAAAAAAAAAAAAAAAA', 1, '', now(), now(), now() + interval '1 day')`,
        account,
      ],
      [
        `insert into auth.${platform}_passkey
           (tenant_id, account_id, credential_id, public_key, sign_count, device_type, is_backed_up, aaguid, name)
         values ($1, $2, 'credential', 'key', 0, 'single_device', false, gen_random_uuid(), 'A key')`,
        account,
      ],
      [
        `insert into auth.${platform}_used_passkey_challenge (tenant_id, challenge_hash, expires_at)
         values ($1, sha256('x'), now() + interval '1 day')`,
      ],
      [
        `insert into auth.${platform}_identity (tenant_id, account_id, provider, issuer, subject, linked_by)
         values ($1, $2, 'idp', 'https://id.example.com', $2::uuid::text, 'email')`,
        account,
      ],
      [
        `insert into auth.${platform}_upstream_state (tenant_id, state_hash, expires_at)
         values ($1, sha256('x'), now() + interval '1 day')`,
      ],
      [
        `insert into auth.${platform}_upstream_result (code_hash, tenant_id, sealed_claims, expires_at)
         values (sha256($1::uuid::text::bytea), $1::uuid, 'x', now() + interval '1 day')`,
      ],
      [
        `insert into auth.${platform}_upstream_logout (tenant_id, issuer, token_hash, sid, happened_at, expires_at)
         values ($1, 'https://id.example.com', sha256('x'), 'x', now(), now() + interval '1 day')`,
      ],
      [
        `insert into auth.${platform}_challenge (id_hash, tenant_id, account_id, password_version, methods, expires_at)
         values (sha256($1::uuid::text::bytea), $1::uuid, $2, 1, '{totp}', now() + interval '1 day')`,
        account,
      ],
      [
        `insert into auth.${platform}_totp (id, tenant_id, account_id, sealed_secret, pepper_id)
         values (gen_random_uuid(), $1, $2, 'x', 'x')`,
        account,
      ],
      [
        `insert into auth.${platform}_recovery_code (code_hash, tenant_id, account_id, pepper_id)
         values (sha256($1::uuid::text::bytea), $1::uuid, $2, 'x')`,
        account,
      ],
      [
        `insert into auth.${platform}_trusted_device (tenant_id, account_id, device_id, expires_at)
         values ($1, $2, repeat('x', 22), now() + interval '1 day')`,
        account,
      ],
      [
        `insert into auth.${platform}_factor_reset (tenant_id, account_id, staff_id, reason) values ($1, $2, $3, 'Lost.')`,
        account,
        'staff',
      ],
    ];
  }),
  [
    `with request as (
       insert into auth.person_request (tenant_id, account_id, kind, state) values ($1, $2, 'export', 'running')
       returning id, tenant_id, account_id, kind
     )
     insert into auth.person_part (tenant_id, request_id, subgraph, account_id, kind)
     select tenant_id, id, 'portal', account_id, kind from request`,
    'user',
  ],
  [
    `insert into auth.user_registration (token_hash, challenge_hash, tenant_id, email, full_name, password_hash, pepper_id, expires_at)
     values (sha256($1::uuid::text::bytea), sha256('x'), $1::uuid, 'x@example.com', '', 'hash', 'pepper', now() + interval '1 day')`,
  ],
  [
    `insert into auth.audit_event (tenant_id, kind, platform, subject_id) values ($1, 'auth.login', 'user', $2)`,
    'user',
  ],
  [
    `insert into auth.refusal_record (platform, tenant_id, request_id, happened_at, entrance, caller, account_id, status, reason, details)
     values ('user', $1, 'x', now(), 'user', 'x', $2, 403, 'x', '{}')`,
    'user',
  ],
  [
    `insert into auth.portal_invitation (tenant_id, email, full_name, role, inviter_id, token_hash, expires_at)
     values ($1::uuid, 'new@example.com', 'New', 'support', $2, sha256($1::uuid::text::bytea), now() + interval '1 day')`,
    'staff',
  ],
  [
    `insert into auth.user_request (tenant_id, account_id, staff_id, kind) values ($1, $2, $3, 'reset_password')`,
    'user',
    'staff',
  ],
  [
    `insert into auth.user_impersonation
       (tenant_id, account_id, staff_id, staff_session_id, reason_class, reason, ticket, grant_hash, grant_expires_at)
     values ($1::uuid, $2, $3, gen_random_uuid(), 'SUPPORT_REQUEST', 'Called.', 'T-1', sha256($1::uuid::text::bytea), now() + interval '1 minute')`,
    'user',
    'staff',
  ],
  [
    `insert into portal.support_note (tenant_id, user_id, staff_id, body) values ($1, $2, $3, 'Called.')`,
    'user',
    'staff',
  ],
  [
    `insert into access.relation_tuple (tenant_id, namespace, object, relation, subject)
     values ($1, 'customer', $2, 'assignee', 'staff:' || $3)`,
    'user',
    'staff',
  ],
  [
    `with others as (delete from portal.tally_delta where tenant_id = $1 and series = 'notes'),
       counted as (insert into portal.tally_counted (tenant_id, counted_at) values ($1, now()))
     insert into portal.tally (tenant_id, series, label, starts_at, amount) values ($1, 'notes', '', '-infinity', 1)`,
  ],
];

/** A signing key of each platform. */
export async function addSigningKeys(database: TestDatabase): Promise<void> {
  await database.query(
    `insert into auth.signing_key (kid, platform, algorithm, state, sealed_private_key)
     values ('user-key', 'user', 'EdDSA', 'active', 'sealed'), ('portal-key', 'portal', 'EdDSA', 'active', 'sealed')`,
  );
}
