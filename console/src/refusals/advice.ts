import type { RefusedFragment } from '../operations.generated.ts';
import { refusalTexts as texts } from './texts.ts';

const { advice } = texts;

const byReason: Readonly<Record<string, string>> = {
  'auth.failure.missing_token': advice.signIn,
  'auth.failure.expired': advice.signInAgain,
  'auth.failure.revoked': advice.signInAgain,
  'auth.failure.unknown_key': advice.signInAgain,
  'authz.step_up.required': advice.stepUp,
  'authz.platform.deny': advice.platform,
  'authz.caller.deny': advice.caller,
  'authz.role.deny': advice.role,
  'auth.tenant_mismatch': advice.tenant,
  'auth.failure.invalid_credentials': advice.credentials,
  'auth.failure.not_linked': advice.credentials,
  'auth.challenge_required': advice.challenge,
  'authz.permission.deny': advice.object,
  'object.not_found': advice.object,
  'request.document': advice.document,
  'request.planning': advice.limits,
  'auth.failure.proof_missing': advice.operator,
  'auth.failure.proof_invalid': advice.operator,
  'auth.failure.replay': advice.operator,
  'oauth.request': advice.program,
  'oauth.grant_type': advice.program,
  'oauth.method': advice.program,
  'oauth.assertion': advice.program,
  'oauth.unknown_client': advice.programId,
  'oauth.unknown_key': advice.programKey,
  'oauth.keys_unavailable': advice.programKeys,
  'oauth.invalid_signature': advice.programKey,
  'oauth.invalid_secret': advice.programKey,
  'oauth.replay': advice.programOnce,
  'oauth.tenant_mismatch': advice.programId,
  'oauth.expired': advice.programEnd,
  'oauth.network': advice.programNetwork,
  'oauth.scope': advice.programScope,
  'oauth.token': advice.program,
};
const byCheck: Readonly<Record<string, string>> = {
  COOKIES: advice.origin,
  ANSWER: advice.answer,
  SUBGRAPH: advice.operator,
  PROOF: advice.operator,
  INPUT: advice.input,
};
const byCode: Readonly<Record<string, string>> = {
  INTERNAL_SERVER_ERROR: advice.operator,
  SERVICE_UNAVAILABLE: advice.waitSome,
  RATE_LIMITED: advice.waitSome,
  PERSISTED_QUERY_NOT_FOUND: advice.persisted,
};

/** What to do so that the request is granted, in a sentence. `check`: which one refused; undefined where nobody noted it. */
export function adviseOn(
  { code, reason, retryAfterSeconds, conditions }: RefusedFragment,
  check?: string,
): string {
  if (retryAfterSeconds !== null) return advice.wait(retryAfterSeconds);
  const roles = conditions.find(({ kind, isMet }) => kind === 'scopes' && isMet === false)?.roles;
  if (reason === 'authz.scope.deny' && roles)
    return roles.length > 0 ? advice.scope(roles.join(', ')) : advice.scopeNobody;
  if (reason?.startsWith('request.limit.')) return advice.limits;
  const own = reason !== null && byReason[reason];
  if (own && reason?.startsWith('oauth.')) return own;
  if (check !== undefined && byCheck[check]) return byCheck[check];
  const known = own || byCode[code];
  if (known) return known;
  return reason?.startsWith('auth.failure.') ? advice.wrongToken : advice.client;
}
