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
    retryAfterSeconds: asked,
  } = error.extensions ?? {};
  const reason = String(given ?? code ?? 'INTERNAL_SERVER_ERROR');
  const shared: Shared = {
    message: error.message ?? reason,
    reason,
    ...(typeof requestId === 'string' && { requestId }),
  };
  // A proxy may have written a date there.
  const seconds = typeof asked === 'number' ? asked : retryAfterSeconds || 1;
  if (challenge) return { ...shared, kind: 'challenge', challenge: challenge as Challenge };
  if (reason === 'authz.step_up.required') {
    return { ...shared, kind: 'step-up', maxAgeSeconds: (stepUp as { maxAge?: number })?.maxAge ?? 0 };
  }
  if (reason === 'auth.failure.invalid_credentials') return { ...shared, kind: 'credentials' };
  if (reason.startsWith('input.')) return { ...shared, kind: 'input', field: reason.slice(6) };
  const wait = waitKinds[code as keyof typeof waitKinds];
  if (wait) return { ...shared, kind: wait, retryAfterSeconds: seconds };
  return { ...shared, kind: kinds[code as keyof typeof kinds] ?? 'internal' };
}

const waitKinds = { RATE_LIMITED: 'throttled', SERVICE_UNAVAILABLE: 'unavailable' } as const;
const kinds = { UNAUTHENTICATED: 'signed-out', FORBIDDEN: 'forbidden', NOT_FOUND: 'not-found' } as const;

/**
 * Reads what a GraphQL library threw or returned as an error: Apollo Client's `CombinedGraphQLErrors` (`errors`) and `ServerError`
 * (`response`), urql's `CombinedError` (`graphQLErrors`, `response`), graphql-request's `ClientError` (`response.errors`), a body with
 * `errors`, or a failed fetch.
 */
export function readError(thrown: unknown): SignetError {
  const { errors, graphQLErrors, response } = (thrown ?? {}) as {
    errors?: AnswerError[];
    graphQLErrors?: AnswerError[];
    response?: { errors?: AnswerError[]; status?: number; headers?: Headers };
  };
  const retryAfterSeconds = readRetryAfter(response?.headers);
  const first = errors?.[0] ?? graphQLErrors?.[0] ?? response?.errors?.[0];
  if (first) return readAnswerError(first, retryAfterSeconds);
  const message = String((thrown as Error)?.message ?? thrown);
  // An answer of something before the entrance, a proxy for example.
  const { status = 0 } = response ?? {};
  if (status < 500 && status !== 429) return { kind: 'network', reason: 'network', message };
  const code = status === 429 ? 'RATE_LIMITED' : 'SERVICE_UNAVAILABLE';
  return readAnswerError({ message, extensions: { code } }, retryAfterSeconds);
}

/** What an answer holds. */
export type Answer = { data?: unknown; errors?: AnswerError[] };

/** @throws {Error} with `response`, which `readError` reads, for an answer that is none of GraphQL: a proxy's, a captive portal's */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    const { data, errors } = JSON.parse(text) as Answer;
    if (data !== undefined || Array.isArray(errors)) return { data, ...(errors && { errors }) };
  } catch {}
  throw Object.assign(new Error(`HTTP ${response.status}, and no answer of GraphQL.`), { response });
}

export function readRetryAfter(headers: Headers | undefined): number {
  return Number(headers?.get?.('retry-after') ?? 1) || 1;
}
