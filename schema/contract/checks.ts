import { findReason } from './errors.ts';

/** A check that a request of an entrance meets. */
export type Check =
  | 'HOST'
  | 'ROOM'
  | 'ROUTE'
  | 'BODY'
  | 'TEXT_LIMITS'
  | 'FORM'
  | 'PLACE'
  | 'COOKIES'
  | 'TOKEN_FORM'
  | 'TOKEN_ISSUER'
  | 'TOKEN_TYPE'
  | 'TOKEN_KEY'
  | 'TOKEN_SIGNATURE'
  | 'TOKEN_AUDIENCE'
  | 'TOKEN_TIME'
  | 'TOKEN_CLAIMS'
  | 'TOKEN_REVOCATION'
  | 'DOCUMENT'
  | 'SYNTAX'
  | 'OPERATION'
  | 'LIMITS'
  | 'SCHEMA'
  | 'VALIDATION'
  | 'PLANNING'
  | 'VARIABLES'
  | 'RULES'
  | 'SUBGRAPH'
  | 'PROOF'
  | 'GUARD'
  | 'ATTEMPTS'
  | 'CREDENTIALS'
  | 'INPUT'
  | 'OBJECT'
  | 'ANSWER'
  | 'FAULT';

type RefusedBy = { readonly reasons?: readonly string[]; readonly codes?: readonly string[] };

/**
 * Every check that a request of an entrance meets, in their order, in either lane: by what it refuses. `reasons` and `codes` (where there is no
 * reason) are those that no other check refuses with, so that they name it. Whatever several checks refuse with says itself which one it was: a
 * `RefusalError` by `check`, a note by `noteRefusal`.
 */
const table: Readonly<Record<Check, RefusedBy>> = {
  /** Host header, URL and framing of the request. */
  HOST: {},
  /** Room at the entrance for the request and its body. */
  ROOM: {},
  /** There is something at this path, for this method. */
  ROUTE: {},
  /** Size, media type, coding and JSON of the body. */
  BODY: {},
  /** Characters, tokens and brackets of the document. */
  TEXT_LIMITS: { reasons: ['request.limit.characters', 'request.limit.tokens', 'request.limit.nesting'] },
  /** Parameters, Accept, and the header that a GET needs. */
  FORM: { codes: ['BAD_REQUEST'] },
  /** A place to run in. */
  PLACE: {},
  /** Pages that use cookies have a trusted origin. */
  COOKIES: { reasons: ['input.session'] },
  TOKEN_FORM: { reasons: ['auth.failure.malformed'] },
  TOKEN_ISSUER: { reasons: ['auth.failure.issuer_mismatch'] },
  TOKEN_TYPE: { reasons: ['auth.failure.wrong_type'] },
  TOKEN_KEY: { reasons: ['auth.failure.unknown_key'] },
  TOKEN_SIGNATURE: { reasons: ['auth.failure.invalid_signature'] },
  TOKEN_AUDIENCE: { reasons: ['auth.failure.audience_mismatch'] },
  TOKEN_TIME: { reasons: ['auth.failure.expired', 'auth.failure.not_yet_valid'] },
  /** The types of its claims, and its platform. */
  TOKEN_CLAIMS: {},
  TOKEN_REVOCATION: { reasons: ['auth.failure.revoked'] },
  /** Trusted documents and persisted queries. */
  DOCUMENT: {
    reasons: ['request.document'],
    codes: ['PERSISTED_QUERY_NOT_FOUND', 'PERSISTED_QUERY_NOT_SUPPORTED'],
  },
  SYNTAX: { codes: ['GRAPHQL_PARSE_FAILED'] },
  /** The document has an operation of the name. */
  OPERATION: { codes: ['OPERATION_RESOLUTION_FAILURE'] },
  LIMITS: {
    reasons: [
      'request.limit.operations',
      'request.limit.fragments',
      'request.limit.directives',
      'request.limit.depth',
      'request.limit.fields',
      'request.limit.root_fields',
      'request.limit.aliases',
      'request.limit.credentials',
      'request.limit.list_size',
      'request.limit.input_depth',
      'request.limit.input_values',
      'request.limit.introspection',
      'request.limit.cost',
    ],
  },
  /** Who may ask for the schema. */
  SCHEMA: {},
  VALIDATION: { codes: ['GRAPHQL_VALIDATION_FAILED'] },
  PLANNING: { reasons: ['request.planning'] },
  /** The values of variables fit their types. */
  VARIABLES: { codes: ['BAD_USER_INPUT'] },
  /** The access rules at the entrance. */
  RULES: {
    reasons: [
      'auth.failure.missing_token',
      'authz.platform.deny',
      'authz.caller.deny',
      'authz.scope.deny',
      'authz.step_up.required',
    ],
  },
  /** The subgraph answers. */
  SUBGRAPH: {},
  /** The subgraph accepts the proof of the gateway. */
  PROOF: {
    reasons: ['auth.failure.proof_missing', 'auth.failure.proof_invalid', 'auth.failure.replay'],
  },
  /** The subgraph checks token, tenant and rules again. */
  GUARD: { reasons: ['auth.tenant_mismatch', 'authz.role.deny'] },
  /** Throttles of sign-in and other attempts. */
  ATTEMPTS: { reasons: ['auth.throttled'] },
  /** Password, second factor, link or refresh token. */
  CREDENTIALS: {
    reasons: ['auth.failure.invalid_credentials', 'auth.failure.not_linked', 'auth.challenge_required'],
  },
  /** The subgraph accepts the values. */
  INPUT: {},
  /** The object or row is there for this caller. */
  OBJECT: { reasons: ['object.not_found'] },
  /** Room for the answer. The operation has run. */
  ANSWER: {},
  /** Nothing of ours failed. */
  FAULT: { codes: ['INTERNAL_SERVER_ERROR'] },
};

/** In their order. */
export const checks = Object.keys(table) as readonly Check[];
/** The checks of a bearer token. A request without one passes by them. */
export const tokenChecks: readonly Check[] = checks.filter((check) => check.startsWith('TOKEN_'));
const named = new Map(
  Object.entries(table).flatMap(([check, { reasons = [], codes = [] }]) =>
    [...reasons, ...codes].map((name) => [name, check as Check] as const),
  ),
);

/** The check that refuses so where nobody has said which one did. Undefined where it could have been any of several. */
export function checkOf(code: string, reason: string | undefined): Check | undefined {
  if (reason === undefined) return named.get(code);
  return named.get(reason) ?? (reason.startsWith('input.') ? 'VARIABLES' : undefined);
}

/** The check by which a subgraph refuses so. `undefined`: by its token, its rules or its tenant. */
const subgraphChecks: Readonly<Record<string, Check>> = {
  'auth.unavailable': 'SUBGRAPH',
  'service.unavailable': 'SUBGRAPH',
  'auth.failure.proof_missing': 'PROOF',
  'auth.failure.proof_invalid': 'PROOF',
  'auth.failure.replay': 'PROOF',
  'auth.throttled': 'ATTEMPTS',
  'auth.failure.invalid_credentials': 'CREDENTIALS',
  'auth.failure.not_linked': 'CREDENTIALS',
  'auth.challenge_required': 'CREDENTIALS',
  'authz.permission.deny': 'OBJECT',
  'object.not_found': 'OBJECT',
};

/** The check of a subgraph that refuses with a reason. */
export function subgraphCheckOf(code: string, reason: string | undefined): Check {
  if (reason === undefined || !findReason(reason)) return code === 'BAD_USER_INPUT' ? 'INPUT' : 'FAULT';
  if (findReason(reason)?.code === 'BAD_USER_INPUT') return 'INPUT';
  return subgraphChecks[reason] ?? 'GUARD';
}
