/**
 * The one table of errors: code -> HTTP status, reason -> public text. A reason may have a status of its own (`statusesOfReasons`). A client switches on `extensions.code`, then on
 * `extensions.reason`. Nothing else about a failure leaves a process. A reason `input.<field>` names the faulty input field.
 * `auth.unavailable` means auth or its keys; `service.unavailable` anything else that is down or too busy.
 */
export const errorTable = {
  UNAUTHENTICATED: {
    httpStatus: 401,
    reasons: {
      'auth.failure.missing_token': 'Sign in first: this needs an access token in the Authorization header.',
      'auth.failure.malformed':
        'The access token is malformed, or was not sent as "Authorization: Bearer <token>".',
      'auth.failure.wrong_type': 'This kind of token is not accepted here.',
      'auth.failure.unknown_key': 'The access token is signed with an unknown key.',
      'auth.failure.invalid_signature': 'The signature of the access token is invalid.',
      'auth.failure.issuer_mismatch': 'The issuer of the access token is not accepted here.',
      'auth.failure.audience_mismatch': 'The access token is meant for another audience.',
      'auth.failure.expired': 'The access token has expired.',
      'auth.failure.not_yet_valid': 'The access token is not valid yet.',
      'auth.failure.revoked': 'The session has ended. Sign in again.',
      'auth.failure.invalid_credentials': 'The credentials are not valid.',
      'auth.failure.not_linked':
        'No account here belongs to this sign-in. Sign in in another way, or reset your password, and link it in your settings.',
      'auth.failure.proof_missing': 'The request carries no proof of its sender.',
      'auth.failure.proof_invalid': 'The proof of the sender is invalid.',
      'auth.failure.replay': 'The request was sent before.',
      'auth.tenant_mismatch': 'The access token belongs to another tenant.',
      'auth.challenge_required': 'The password is right. Prove a second factor to sign in.',
    },
  },
  FORBIDDEN: {
    httpStatus: 403,
    reasons: {
      'authz.platform.deny': 'This field requires a token of another platform.',
      'authz.caller.deny': 'This field does not admit this kind of caller.',
      'authz.scope.deny': 'The access token lacks a scope that this field requires.',
      'authz.role.deny': 'Your role does not allow this.',
      'authz.permission.deny': 'You are not allowed to do this.',
      'authz.step_up.required':
        'Confirm who you are, then try again: your last sign-in was too long ago for this.',
    },
  },
  NOT_FOUND: {
    httpStatus: 404,
    reasons: { 'object.not_found': 'This object no longer exists, or you may not see it.' },
  },
  BAD_USER_INPUT: {
    httpStatus: 400,
    reasons: {
      'request.limit.characters': 'The document is too long.',
      'request.limit.tokens': 'The document has too many tokens.',
      'request.limit.nesting': 'The document has too many brackets inside one another.',
      'request.limit.operations': 'The document has too many operations.',
      'request.limit.fragments': 'The document has too many fragments.',
      'request.limit.directives': 'The document has too many directives.',
      'request.limit.depth': 'The operation selects fields too deep inside one another.',
      'request.limit.fields': 'The operation selects too many fields.',
      'request.limit.root_fields': 'The operation selects too many root fields.',
      'request.limit.aliases': 'The operation has too many aliases.',
      'request.limit.credentials': 'Send one sign-in, registration, refresh or password in a request.',
      'request.limit.list_size': 'A list is too long, or a page too large.',
      'request.limit.input_depth': 'An input value is nested too deep.',
      'request.limit.input_values': 'The variables hold too many values.',
      'request.limit.introspection': 'The operation asks for too much of the schema at once.',
      'request.limit.cost': 'The operation costs too much.',
      'request.planning': 'The operation takes too long to plan. Ask for less at once, or in parts.',
      'request.document':
        'This entrance runs trusted documents only, and this is not one of them. Send the id of one in extensions.persistedQuery.sha256Hash.',
    },
  },
  RATE_LIMITED: {
    httpStatus: 429,
    reasons: { 'auth.throttled': 'Too many attempts. Wait a moment, then try again.' },
  },
  SERVICE_UNAVAILABLE: {
    httpStatus: 503,
    reasons: {
      'auth.unavailable': 'Sign-in and accounts are not available right now. Try again in a moment.',
      'service.unavailable': 'The service is not available right now. Try again in a moment.',
    },
  },
  INTERNAL_SERVER_ERROR: { httpStatus: 500, reasons: {} },
} as const;

export type ErrorCode = keyof typeof errorTable;

/**
 * Reasons with another HTTP status than their code: with a token that is new enough the same request would pass, so it is challenged (RFC 9470,
 * section 3).
 */
export const statusesOfReasons: Readonly<Record<string, number>> = { 'authz.step_up.required': 401 };

type ReasonsOf<C extends ErrorCode> = keyof (typeof errorTable)[C]['reasons'] & string;
type TabledReason = { [C in ErrorCode]: ReasonsOf<C> }[ErrorCode];

/** Reasons to refuse a bearer token before anything runs. */
export type AuthenticationReason = ReasonsOf<'UNAUTHENTICATED'>;
export type Reason = TabledReason | `input.${string}`;

/** Text of an answer without a reason. It says nothing about the cause. */
export const internalErrorText = 'Something went wrong on our side.';
/** Text of an `input.<field>` reason, if the refusal gives none. */
const inputErrorText = 'An input value is not valid.';

const reasonIndex = new Map<string, { code: ErrorCode; httpStatus: number; text: string }>(
  Object.entries(errorTable).flatMap(([code, row]) =>
    Object.entries(row.reasons).map(
      ([reason, text]) =>
        [
          reason,
          { code: code as ErrorCode, httpStatus: statusesOfReasons[reason] ?? row.httpStatus, text },
        ] as const,
    ),
  ),
);

/** The code, HTTP status and public text of a reason. Undefined if the table does not have it. */
export function findReason(
  reason: string,
): { code: ErrorCode; httpStatus: number; text: string } | undefined {
  if (/^input\.[A-Za-z_]\w*(\.\w+)*$/.test(reason)) {
    return { code: 'BAD_USER_INPUT', httpStatus: errorTable.BAD_USER_INPUT.httpStatus, text: inputErrorText };
  }
  return reasonIndex.get(reason);
}

/** `This field requires a 'portal' token. Received a 'user' token.` */
export function platformDenyText(required: string, received: string): string {
  return `This field requires a '${required}' token. Received a '${received}' token.`;
}

/** What a client must do to pass a refusal `authz.step_up.required`: `extensions.stepUp`. */
export type StepUp = {
  /** How old `auth_time` of the access token may be, in seconds. */
  maxAge: number;
};

/** `WWW-Authenticate` of such a refusal (RFC 9470, section 3; RFC 6750, section 3). */
export function stepUpChallenge({ maxAge }: StepUp): string {
  return `Bearer error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="${maxAge}"`;
}
