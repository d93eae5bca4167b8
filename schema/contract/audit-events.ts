/**
 * The kinds of audit events, with their names in OWASP's logging vocabulary. Renewing a session is not recorded: it happens a
 * hundred times a day for each session, and no investigation needs it.
 */
export const auditEvents = {
  'auth.login.success': 'authn_login_success',
  'auth.login.failure': 'authn_login_fail',
  'auth.login.throttled': 'authn_login_fail_max',
  'auth.throttled': 'excess_rate_limit_exceeded',
  'auth.account.registered': 'user_created',
  'auth.account.export_requested': 'sensitive_read',
  'auth.account.deletion_scheduled': 'user_updated',
  'auth.account.deletion_cancelled': 'user_updated',
  'auth.account.erased': 'user_deleted',
  'auth.device.ended': 'user_updated',
  'auth.account.imported': 'user_created',
  'auth.logout': 'authn_token_revoked',
  'auth.session.ended': 'authn_token_revoked',
  'auth.session.others_ended': 'authn_token_revoked',
  'auth.refresh.reuse': 'authn_token_reuse',
  'auth.refresh.refused': 'session_use_after_expire',
  'auth.challenge.opened': 'authn_token_created',
  'auth.challenge.failed': 'authn_login_fail',
  'auth.factor.added': 'user_updated',
  'auth.factor.removed': 'user_updated',
  'auth.factor.recovery_used': 'user_updated',
  'auth.factor.recovery_renewed': 'user_updated',
  'auth.factor.reset_requested': 'user_updated',
  'auth.factor.reset': 'user_updated',
  'auth.factor.reset_cancelled': 'user_updated',
  'auth.identity.linked': 'user_updated',
  'auth.identity.unlinked': 'user_updated',
  'auth.passkey.renamed': 'user_updated',
  'auth.passkey.copied': 'authn_token_reuse',
  'auth.password.changed': 'authn_password_change',
  'auth.password.change_failure': 'authn_password_change_fail',
  'auth.password.reset': 'authn_password_change',
  'auth.email.verified': 'user_updated',
  'auth.email.change_requested': 'user_updated',
  'auth.email.changed': 'user_updated',
  'auth.email.change_undone': 'user_updated',
  'auth.email.released': 'user_updated',
  'auth.reauthenticated': 'authn_login_success',
  'auth.reauthentication_failure': 'authn_login_fail',
  'auth.customer.sessions_ended': 'authn_token_revoked',
  'auth.customer.device_ended': 'authn_token_revoked',
  'auth.customer.note_deleted': 'user_updated',
  'auth.customer.suspended': 'user_updated',
  'auth.customer.reinstated': 'user_updated',
  'auth.customer.password_reset_sent': 'user_updated',
  'auth.customer.email_corrected': 'user_updated',
  'auth.impersonation.granted': 'authz_admin',
  'auth.impersonation.begun': 'authn_token_created',
  'auth.impersonation.ended': 'authn_token_revoked',
  'auth.impersonation.objected': 'authn_token_revoked',
  'auth.staff.created': 'user_created',
  'auth.staff.invited': 'authz_admin',
  'auth.staff.invitation_resent': 'authz_admin',
  'auth.staff.invitation_revoked': 'authz_admin',
  'auth.staff.joined': 'user_created',
  'auth.staff.deactivated': 'user_updated',
  'auth.staff.reactivated': 'user_updated',
  'auth.service.created': 'authz_admin',
  'auth.service.changed': 'authz_admin',
  'auth.service.credential_added': 'authz_admin',
  'auth.service.credential_revoked': 'authn_token_revoked',
  'auth.service.deactivated': 'authz_admin',
  'auth.service.token_issued': 'authn_token_created',
  'auth.service.token_revoked': 'authn_token_revoked',
  'auth.service.refused': 'authn_login_fail',
  'auth.database.restored': 'authz_admin',
  'auth.tenant.created': 'authz_admin',
  'auth.tenant.changed': 'authz_admin',
  'auth.key.published': 'authz_admin',
  'auth.key.rotated': 'authz_admin',
  'auth.key.retired': 'authz_admin',
  'auth.key.revoked': 'authz_admin',
  'auth.key.imported': 'authz_admin',
  'auth.key.rotation_requested': 'authz_admin',
  'auth.key.revocation_requested': 'authz_admin',
  'authz.role.changed': 'privilege_permissions_changed',
  'authz.refused': 'authz_fail',
} as const;
export type AuditKind = keyof typeof auditEvents;
export const auditKinds = Object.keys(auditEvents) as readonly AuditKind[];

/** What staff change in a subgraph's own data: `reviews.text.removed`. Made by `subgraphAuditKind`. */
export type SubgraphAuditKind = string & { readonly isOfSubgraph: true };

const subgraphKindForm = /^(?!auth\.|authz\.)[a-z][a-z0-9]{1,30}(\.[a-z][a-z_]*)+$/;

/** The kind of an event of a subgraph, whose name it begins with. The database refuses the name of another one. */
export function subgraphAuditKind(subgraph: string, event: string): SubgraphAuditKind {
  const kind = `${subgraph}.${event}`;
  if (!isSubgraphAuditKind(kind)) throw new TypeError(`'${kind}' is no kind of an event of a subgraph.`);
  return kind;
}

/** By its form: an event stays in the log when its subgraph is gone. */
export function isSubgraphAuditKind(value: unknown): value is SubgraphAuditKind {
  return typeof value === 'string' && subgraphKindForm.test(value);
}

/** The name of a kind in OWASP's logging vocabulary; null for a kind that is none of this version. */
export function owaspNameOf(kind: string): string | null {
  if (isAuditKind(kind)) return auditEvents[kind];
  return isSubgraphAuditKind(kind) ? 'sensitive_update' : null;
}

export function isAuditKind(value: unknown): value is AuditKind {
  return typeof value === 'string' && Object.hasOwn(auditEvents, value);
}
