import { type OauthAnswer, type OauthErrorCode, oauthError } from '@signet/schema/contract';

/** A refusal in the form of RFC 6749, section 5.2. The client sees the description, which holds no secret and no cause. */
export class OauthRefusal extends Error {
  override readonly name = 'OauthRefusal';
  readonly answer: OauthAnswer;
  readonly error: OauthErrorCode;

  constructor(status: number, error: OauthErrorCode, description: string, headers?: OauthAnswer['headers']) {
    super(description);
    this.error = error;
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
