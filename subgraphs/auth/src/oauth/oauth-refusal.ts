import { type OauthAnswer, type OauthErrorCode, type OauthReason, oauthError } from '@signet/schema/contract';

type Details = {
  headers?: OauthAnswer['headers'];
  /** For staff who ask why. Left out where the error says it. */
  reason?: OauthReason;
};

const reasonsOfErrors: Partial<Record<OauthErrorCode, OauthReason>> = {
  unsupported_grant_type: 'oauth.grant_type',
  invalid_scope: 'oauth.scope',
};

/** A refusal in the form of RFC 6749, section 5.2. The client sees the description, which holds no secret and no cause. */
export class OauthRefusal extends Error {
  override readonly name = 'OauthRefusal';
  readonly answer: OauthAnswer;
  readonly error: OauthErrorCode;
  readonly reason: OauthReason;

  constructor(
    status: number,
    error: OauthErrorCode,
    description: string,
    { headers, reason = reasonsOfErrors[error] ?? 'oauth.request' }: Details = {},
  ) {
    super(description);
    this.error = error;
    this.reason = reason;
    this.answer = oauthError(status, error, description, headers);
  }
}

/**
 * Reads a form in which each parameter stands once (RFC 6749, section 3.2). A parameter without a value counts as left out.
 *
 * @throws {OauthRefusal} invalid_request
 */
export function readForm(form: URLSearchParams): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of form) {
    if (seen.has(name)) throw new OauthRefusal(400, 'invalid_request', 'A parameter stands more than once.');
    seen.add(name);
    if (value !== '') read.set(name, value);
  }
  return read;
}
