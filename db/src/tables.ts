import type { Platform, SigningAlgorithm, StaffRole } from '@signet/schema/contract';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** A column with a default, and times: read as Date, written as Date. */
export type Timestamp = ColumnType<Date, Date | undefined, Date>;
export type OptionalTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export type TenantTable = {
  id: Generated<string>;
  slug: string;
  name: string;
  self_registration: Generated<boolean>;
  /** Whether a customer whose address is not verified may do what asks for a verified one. */
  unverified_may_act: Generated<boolean>;
  /** A language tag (RFC 5646): of mails to accounts that have none of their own. */
  language: Generated<string>;
  created_at: Timestamp;
};

type AccountColumns = {
  id: Generated<string>;
  tenant_id: string;
  /** Normalised: NFKC, lower case, the domain in ASCII (email.ts). */
  email: string;
  email_verified: Generated<boolean>;
  password_hash: string;
  pepper_id: string;
  password_version: Generated<number>;
  /** Counted up by a trigger, at a change of password or of is_active. */
  device_version: Generated<number>;
  is_active: Generated<boolean>;
  is_seeded: Generated<boolean>;
  /** A language tag (RFC 5646); null for the tenant's. */
  language: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
};
export type UserTable = AccountColumns & {
  full_name: Generated<string>;
  /** Since when its owner's wish to be erased is carried out. */
  closed_at: OptionalTime;
};
export type PortalUserTable = AccountColumns & {
  full_name: string;
  role: StaffRole;
  /** When they stopped being a super_admin. */
  last_super_admin_at: OptionalTime;
};

export type SessionEndReason =
  | 'logout'
  | 'replaced'
  | 'ended'
  | 'reuse'
  | 'password'
  | 'suspended'
  | 'role'
  | 'factor'
  | 'upstream';
type SessionColumns = {
  id: Generated<string>;
  tenant_id: string;
  password_version: number;
  auth_time: Timestamp;
  amr: string[];
  device: Generated<string>;
  address: string | null;
  created_at: Timestamp;
  last_used_at: Timestamp;
  expires_at: Date;
  ended_at: OptionalTime;
  refresh_paced_at: OptionalTime;
  end_reason: SessionEndReason | null;
  /** The provider at which the session began, who the person is there, and the provider's session. */
  upstream_issuer: string | null;
  upstream_subject: string | null;
  upstream_sid: string | null;
  /** Where it began, or its owner last proved who they are. Null where that could not be noted, and from before devices were. */
  device_id: string | null;
};
export type UserSessionTable = SessionColumns & { user_id: string };
export type PortalSessionTable = SessionColumns & { staff_id: string };

export type RefreshTokenTable = {
  /** SHA-256 of the token. */
  token_hash: Buffer;
  tenant_id: string;
  session_id: string;
  created_at: Timestamp;
  expires_at: Date;
  used_at: OptionalTime;
  /** The token that it was exchanged for, sealed under a key from itself, while that is unused. */
  sealed_successor: Buffer | null;
  /** SHA-256 of what all tokens of a session share that were exchanged for one another. Null in rows from before there were families. */
  family_hash: Buffer | null;
  in_cookie: Generated<boolean>;
};

/** Mails that go out, or went. What a mail says is sealed, and wiped once it is sent. */
export type MailTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string | null;
  template: string;
  /** A keyed hash of the address: mails to one recipient go out one after the other. */
  recipient: Buffer;
  sealed_content: Buffer | null;
  /** Under which its content is sealed. Null in mails from before it was noted. */
  pepper_id: string | null;
  /** `kept`: no server is configured, and the mail is shown in development. `dead`: given up. */
  state: Generated<'queued' | 'kept' | 'sent' | 'dead'>;
  attempts: Generated<number>;
  next_attempt_at: Timestamp;
  /** While a process sends it. */
  leased_until: OptionalTime;
  last_error: string | null;
  created_at: Timestamp;
  /** Since when it is tried. */
  queued_at: Timestamp;
  settled_at: OptionalTime;
};

/** Single-use tokens that mails carry, for one purpose and one state of an account. */
export type AccountTokenTable = {
  /** SHA-256 of the token. */
  token_hash: Buffer;
  tenant_id: string;
  account_id: string;
  purpose: string;
  password_version: number;
  email: string;
  data: Generated<unknown>;
  created_at: Timestamp;
  expires_at: Date;
};

/** Registrations whose mail has not been answered. There is no account yet. */
export type UserRegistrationTable = {
  /** SHA-256 of the token that the mail carries. */
  token_hash: Buffer;
  /** SHA-256 of the challenge that the one who registered got. */
  challenge_hash: Buffer;
  tenant_id: string;
  email: string;
  full_name: string;
  language: string | null;
  password_hash: string;
  pepper_id: string;
  created_at: Timestamp;
  expires_at: Date;
};

/** What stands between a right password and a session. */
export type ChallengeTable = {
  /** SHA-256 of the id that the client has. */
  id_hash: Buffer;
  tenant_id: string;
  account_id: string;
  password_version: number;
  methods: string[];
  attempts: Generated<number>;
  /** What a method keeps until it is answered. */
  data: Generated<unknown>;
  /** What a provider proved before, in place of a password. */
  upstream: ColumnType<unknown, string | null | undefined, never>;
  created_at: Timestamp;
  expires_at: Date;
};

/** The secret of an account's one-time passwords, sealed under the secret that `pepper_id` names. */
export type TotpTable = {
  id: string;
  tenant_id: string;
  account_id: string;
  sealed_secret: Buffer;
  pepper_id: string;
  /** The time step of the latest code that was used (RFC 6238, section 5.2). */
  last_step: Generated<number>;
  created_at: Timestamp;
  /** Null until its first code was typed. */
  confirmed_at: OptionalTime;
  last_used_at: OptionalTime;
};

/** Codes that were not used yet. */
export type RecoveryCodeTable = {
  /** HMAC-SHA-256 under the secret that `pepper_id` names. */
  code_hash: Buffer;
  tenant_id: string;
  account_id: string;
  pepper_id: string;
  created_at: Timestamp;
};

/** Devices, by the id in their device token, on which the account's second factor isn't asked for. */
export type TrustedDeviceTable = {
  tenant_id: string;
  account_id: string;
  device_id: string;
  /** When a second factor was last proven on it. */
  created_at: Timestamp;
  expires_at: Date;
};

/** A credential of WebAuthn. */
export type PasskeyTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  credential_id: Buffer;
  /** A COSE key. */
  public_key: Buffer;
  /** A bigint. */
  sign_count: string;
  transports: Generated<string[]>;
  device_type: 'single_device' | 'multi_device';
  is_backed_up: boolean;
  /** The make of the authenticator; zeros where it does not say. */
  aaguid: string;
  /** What its owner calls it. */
  name: string;
  created_at: Timestamp;
  last_used_at: OptionalTime;
  /** When a copy of it was used. From then on it proves nothing. */
  disabled_at: OptionalTime;
};

/** Challenges of passkeys that were answered. */
export type UsedPasskeyChallengeTable = {
  tenant_id: string;
  challenge_hash: Buffer;
  expires_at: Date;
};

/** Who an account is at an identity provider. */
export type IdentityTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  /** Its name in the configuration, when it was linked. */
  provider: string;
  /** `iss` and `sub` of its ID tokens. */
  issuer: string;
  subject: string;
  /** What the provider last vouched for. */
  email: string | null;
  linked_by: 'email' | 'session' | 'creation';
  created_at: Timestamp;
  last_used_at: OptionalTime;
  /** Its owner took it away. It signs nobody in, and keeps the address from linking anybody of this issuer. */
  unlinked_at: OptionalTime;
};

/** States of sign-ins that came back from a provider. */
export type UpstreamStateTable = {
  tenant_id: string;
  /** SHA-256. */
  state_hash: Buffer;
  expires_at: Date;
};

/** What a provider proved, until the frontend fetches it with the code. */
export type UpstreamResultTable = {
  /** SHA-256 of the code. */
  code_hash: Buffer;
  tenant_id: string;
  /** Sealed under a key from the code. */
  sealed_claims: Buffer;
  expires_at: Date;
};

/** Logout tokens of providers: each counts once, and no sign-in from before is completed after it. */
export type UpstreamLogoutTable = {
  tenant_id: string;
  issuer: string;
  /** SHA-256 of `jti`. */
  token_hash: Buffer;
  subject: string | null;
  sid: string | null;
  happened_at: Date;
  expires_at: Date;
};

/** A member of staff asks that all factors of an account be taken away. */
export type FactorResetTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  staff_id: string;
  reason: string;
  created_at: Timestamp;
  due_at: Timestamp;
  settled_at: OptionalTime;
  outcome: 'done' | 'cancelled' | null;
};

/** What a customer asks about all that is kept of them. */
export type PersonRequestTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  kind: 'export' | 'erase';
  state: 'scheduled' | 'running' | 'done' | 'cancelled';
  created_at: Timestamp;
  due_at: Timestamp;
  settled_at: OptionalTime;
  expires_at: OptionalTime;
};

/** A subgraph's part of it. */
export type PersonPartTable = {
  tenant_id: string;
  request_id: string;
  subgraph: string;
  account_id: string;
  kind: 'export' | 'erase';
  attempts: Generated<number>;
  next_attempt_at: Timestamp;
  last_error: string | null;
  /** What it keeps of the person, in an export. */
  data: ColumnType<unknown, string | null | undefined, string | null>;
  done_at: OptionalTime;
};

/** Devices, by the id in their device token, from which somebody signed in to an account. */
export type DeviceTable = {
  tenant_id: string;
  account_id: string;
  device_id: string;
  device_version: number;
  user_agent: string;
  address: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  expires_at: Date;
};

/** Sums by day of what gateways counted. */
export type FieldUsageTable = {
  day: string;
  entrance: string;
  client: string;
  version: string;
  coordinate: string;
  count: number;
};

/** The last report that auth took in from a sender. */
export type ReportSenderTable = {
  platform: Platform;
  entrance: string;
  sender: string;
  last_number: number;
  seen_at: Generated<Date>;
};

/** A request that an entrance refused. */
export type RefusalRecordTable = {
  id: Generated<string>;
  platform: Platform;
  tenant_id: string;
  request_id: string;
  happened_at: Date;
  entrance: string;
  caller: string;
  account_id: string | null;
  caller_kind: string | null;
  act_id: string | null;
  status: number;
  reason: string;
  details: ColumnType<Record<string, unknown>, string, never>;
};

/** What was found when a platform's chain of the audit log was last verified. */
export type AuditVerificationTable = {
  platform: Platform;
  requested_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  seals: number | null;
  events: number | null;
  pruned: number | null;
  complete_from: number | null;
  last_seal: number | null;
  last_mac: Buffer | null;
  fault_count: number | null;
  faults: string[] | null;
  missing_keys: string[] | null;
};

export type SigningKeyTable = {
  kid: string;
  platform: Platform;
  algorithm: SigningAlgorithm;
  state: 'next' | 'active' | 'retiring' | 'retired';
  /** Empty once the key is retired: what signs no more is destroyed. */
  sealed_private_key: Buffer;
  created_at: Timestamp;
  published_at: Timestamp;
  activated_at: OptionalTime;
  /** When a retiring key leaves, or a retired one has left. */
  retire_at: OptionalTime;
  /** When an operator's rotation to this key is due. */
  promote_at: OptionalTime;
  imported: Generated<boolean>;
  /** The longest life of a token that it signs or has signed. */
  token_seconds: Generated<number>;
};

/** Sessions get here by a trigger on their tables, never by hand. */
export type RevocationTable = {
  id: Generated<string>;
  kind: 'session' | 'signing_key';
  platform: Platform;
  /** A session's id, or a key's kid. */
  subject: string;
  transaction_id: Generated<string>;
  created_at: Timestamp;
  /** Infinite for a key. */
  expires_at: Timestamp;
};

/** Somebody who was asked to join the staff. `state` stays `open` when it expires. */
export type PortalInvitationTable = {
  id: Generated<string>;
  tenant_id: string;
  email: string;
  full_name: string;
  role: StaffRole;
  language: string | null;
  /** Null for an operator, who has no account. */
  inviter_id: string | null;
  /** SHA-256 of the token. */
  token_hash: Buffer;
  state: Generated<'open' | 'accepted' | 'revoked'>;
  created_at: Timestamp;
  sent_at: Timestamp;
  expires_at: Date;
  settled_at: OptionalTime;
};

/** Whether the customers' auth process has a mail server; one row. Staff are refused what needs one. */
export type UserOutboxTable = { is_only: Generated<boolean>; is_open: boolean };

/** What staff ask the customers' auth process to do. */
export type UserRequestTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  staff_id: string;
  kind: 'reset_password' | 'tell_correction';
  /** Wiped once both addresses were told. */
  old_email: string | null;
  old_was_verified: boolean | null;
  created_at: Timestamp;
  settled_at: OptionalTime;
  /** `obsolete`: the account had changed meanwhile. */
  outcome: 'done' | 'obsolete' | null;
};

/** A member of staff acts as a customer, or may for a minute begin to. */
export type UserImpersonationTable = {
  id: Generated<string>;
  tenant_id: string;
  account_id: string;
  staff_id: string;
  /** The session in which it was granted: it ends with that. */
  staff_session_id: string;
  reason_class: string;
  reason: string;
  ticket: string;
  /** SHA-256 of the grant. */
  grant_hash: Buffer;
  created_at: Timestamp;
  grant_expires_at: Date;
  /** When the grant was exchanged for a token, and when that expires. */
  begun_at: OptionalTime;
  expires_at: OptionalTime;
  ended_at: OptionalTime;
  end_reason: string | null;
  ended_by: string | null;
  objected_at: OptionalTime;
};

/** Rows are added, never changed or deleted. */
export type AuditEventTable = {
  id: Generated<string>;
  /** Null for what belongs to no tenant: a signing key. */
  tenant_id: string | null;
  happened_at: Timestamp;
  kind: string;
  platform: Platform | 'none';
  actor_id: string | null;
  subject_id: string | null;
  session_id: string | null;
  /** Tells sessions apart for portal's process, which may not read the ids of staff's. */
  session_ref: GeneratedAlways<string | null>;
  address: string | null;
  request_id: string | null;
  details: Generated<unknown>;
};

/** A batch of audit rows that the platform's auth process sealed; db/src/audit. */
export type AuditSealTable = {
  platform: Platform;
  number: number;
  sealed_at: Date;
  event_ids: string[];
  digests: Buffer[];
  previous: Buffer | null;
  mac: Buffer;
  /** Of the AUDIT_KEY; null in seals from before there were several. */
  key_id: string | null;
};

/** Which rows of a seal were deleted since their time was over. */
export type AuditPruningTable = {
  platform: Platform;
  /** The seal's number. */
  seal: number;
  pruned_at: Date;
  event_ids: string[];
  mac: Buffer;
  key_id: string | null;
};
/** Audit rows that no seal covers yet; a trigger adds them. */
export type AuditPendingTable = { event_id: string; platform: Platform };

export type SupportNoteTable = {
  id: Generated<string>;
  tenant_id: string;
  user_id: string;
  staff_id: string;
  body: string;
  created_at: Timestamp;
};

/** Who stands in which relation to what, for example `customer:<id>#assignee@staff:<id>`. */
export type RelationTupleTable = {
  tenant_id: string;
  namespace: string;
  object: string;
  relation: string;
  subject: string;
  created_at: Timestamp;
};

/** Nonces of mutations that were accepted (RFC 9421, section 2.3), so that each is accepted once. Not listed below: see NonceTableName. */
export type ProofNonceTable = { nonce: string; expires_at: ColumnType<never, Date, never> };

/**
 * The platform's tables, by their names with the schema. A subgraph adds its own in its `src/tables.ts`:
 * `declare module '@signet/db' { interface Database { 'reviews.review': ReviewTable } }`.
 */
export interface Database {
  'auth.tenant': TenantTable;
  'auth.development_seed': { tenant_id: string; seeded_at: Timestamp };
  'auth.user': UserTable;
  'auth.portal_user': PortalUserTable;
  'auth.user_session': UserSessionTable;
  'auth.portal_session': PortalSessionTable;
  'auth.user_refresh_token': RefreshTokenTable;
  'auth.portal_refresh_token': RefreshTokenTable;
  'auth.user_mail': MailTable;
  'auth.portal_mail': MailTable;
  'auth.user_account_token': AccountTokenTable;
  'auth.portal_account_token': AccountTokenTable;
  'auth.user_registration': UserRegistrationTable;
  'auth.user_challenge': ChallengeTable;
  'auth.portal_challenge': ChallengeTable;
  'auth.user_totp': TotpTable;
  'auth.portal_totp': TotpTable;
  'auth.user_recovery_code': RecoveryCodeTable;
  'auth.portal_recovery_code': RecoveryCodeTable;
  'auth.user_trusted_device': TrustedDeviceTable;
  'auth.portal_trusted_device': TrustedDeviceTable;
  'auth.user_factor_reset': FactorResetTable;
  'auth.portal_factor_reset': FactorResetTable;
  'auth.person_request': PersonRequestTable;
  'auth.person_part': PersonPartTable;
  'auth.user_device': DeviceTable;
  'auth.portal_device': DeviceTable;
  'auth.user_passkey': PasskeyTable;
  'auth.portal_passkey': PasskeyTable;
  'auth.user_used_passkey_challenge': UsedPasskeyChallengeTable;
  'auth.portal_used_passkey_challenge': UsedPasskeyChallengeTable;
  'auth.user_identity': IdentityTable;
  'auth.portal_identity': IdentityTable;
  'auth.user_upstream_state': UpstreamStateTable;
  'auth.portal_upstream_state': UpstreamStateTable;
  'auth.user_upstream_result': UpstreamResultTable;
  'auth.portal_upstream_result': UpstreamResultTable;
  'auth.user_upstream_logout': UpstreamLogoutTable;
  'auth.portal_upstream_logout': UpstreamLogoutTable;
  'auth.field_usage': FieldUsageTable;
  'auth.signing_key': SigningKeyTable;
  'auth.revocation': RevocationTable;
  'auth.portal_invitation': PortalInvitationTable;
  'auth.user_outbox': UserOutboxTable;
  'auth.user_request': UserRequestTable;
  'auth.user_impersonation': UserImpersonationTable;
  'auth.audit_event': AuditEventTable;
  'auth.audit_seal': AuditSealTable;
  'auth.audit_pruning': AuditPruningTable;
  'auth.audit_pending': AuditPendingTable;
  'auth.audit_verification': AuditVerificationTable;
  'auth.refusal_record': RefusalRecordTable;
  'auth.report_sender': ReportSenderTable;
  'portal.support_note': SupportNoteTable;
  'access.relation_tuple': RelationTupleTable;
}
