/** What `extensions.challenge` of a sign-in holds: the second step to take, or the mailbox to look into. */
export type Challenge = {
  id: string;
  /** `totp`, `passkey`, `recovery_code`, `email`, `enroll_totp`, `enroll_passkey`; there may be others later. */
  methods: readonly string[];
  expiresAt: string;
};

type Shared = {
  /** For people, in English. It may change. */
  message: string;
  /** `extensions.reason` (docs/errors.md), or the code where an error has no reason. */
  reason: string;
  /** What an operator needs to find the request in the logs. */
  requestId?: string;
};

/** Everything that can go wrong, told apart by `kind`. */
export type SignetError = Shared &
  (
    | { kind: 'signed-out' }
    | { kind: 'credentials' }
    | { kind: 'challenge'; challenge: Challenge }
    /** The operation wants a proof of who this is that is at most `maxAgeSeconds` old: `reauthenticate`. */
    | { kind: 'step-up'; maxAgeSeconds: number }
    | { kind: 'forbidden' }
    /** `field` is the input's field to correct. */
    | { kind: 'input'; field: string }
    | { kind: 'not-found' }
    | { kind: 'throttled'; retryAfterSeconds: number }
    | { kind: 'unavailable'; retryAfterSeconds: number }
    /** No answer came: offline, blocked by CORS, aborted. */
    | { kind: 'network' }
    /** The browser has no passkeys, or the person dismissed its dialog. */
    | { kind: 'passkey' }
    | { kind: 'internal' }
  );

/** An answer of one of this client's own operations. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: SignetError };

/** An error of a GraphQL answer, as any client library shows it. */
export type AnswerError = { message?: string; extensions?: Record<string, unknown> | undefined };

/**
 * Reads one error of an answer.
 *
 * @param retryAfterSeconds the Retry-After header of the answer, for errors without `extensions.retryAfterSeconds`
 */
export function readAnswerError(error: AnswerError, retryAfterSeconds = 1): SignetError {
  const {
    code,
    reason: given,
    requestId,
    challenge,
    stepUp,
    retryAfterSeconds: wait,
  } = error.extensions ?? {};
  const reason = String(given ?? code ?? 'INTERNAL_SERVER_ERROR');
  const shared: Shared = {
    message: error.message ?? reason,
    reason,
    ...(typeof requestId === 'string' && { requestId }),
  };
  // A proxy may have written a date there.
  const seconds = typeof wait === 'number' ? wait : retryAfterSeconds || 1;
  if (challenge) return { ...shared, kind: 'challenge', challenge: challenge as Challenge };
  if (reason === 'authz.step_up.required') {
    return { ...shared, kind: 'step-up', maxAgeSeconds: (stepUp as { maxAge?: number })?.maxAge ?? 0 };
  }
  if (reason === 'auth.failure.invalid_credentials') return { ...shared, kind: 'credentials' };
  if (reason.startsWith('input.')) return { ...shared, kind: 'input', field: reason.slice(6) };
  switch (code) {
    case 'UNAUTHENTICATED':
      return { ...shared, kind: 'signed-out' };
    case 'FORBIDDEN':
      return { ...shared, kind: 'forbidden' };
    case 'NOT_FOUND':
      return { ...shared, kind: 'not-found' };
    case 'RATE_LIMITED':
      return { ...shared, kind: 'throttled', retryAfterSeconds: seconds };
    case 'SERVICE_UNAVAILABLE':
      return { ...shared, kind: 'unavailable', retryAfterSeconds: seconds };
    default:
      return { ...shared, kind: 'internal' };
  }
}

/**
 * Reads what a GraphQL library threw or returned as an error: Apollo Client's `CombinedGraphQLErrors` (`errors`), urql's
 * `CombinedError` (`graphQLErrors`), graphql-request's `ClientError` (`response.errors`), a body with `errors`, or a failed fetch.
 */
export function readError(thrown: unknown): SignetError {
  const { errors, graphQLErrors, response } = (thrown ?? {}) as {
    errors?: AnswerError[];
    graphQLErrors?: AnswerError[];
    response?: { errors?: AnswerError[] };
  };
  const first = errors?.[0] ?? graphQLErrors?.[0] ?? response?.errors?.[0];
  if (first) return readAnswerError(first);
  return { kind: 'network', reason: 'network', message: String((thrown as Error)?.message ?? thrown) };
}
