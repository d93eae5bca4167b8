import { OauthRefusal } from '../oauth/oauth-refusal.ts';

/** What a client presents to prove who it is: an assertion (RFC 7523, section 2.2), or a secret in a header or in the form. */
export type PresentedCredentials =
  | { method: 'private_key_jwt'; assertion: string; clientId: string | undefined }
  | { method: 'client_secret_basic' | 'client_secret_post'; clientId: string; secret: string };

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads how a client authenticates.
 *
 * @throws {OauthRefusal} invalid_request for several ways at once (RFC 6749, section 2.3), and half of one; invalid_client for none
 */
export function readCredentials(
  form: ReadonlyMap<string, string>,
  authorization: string | undefined,
): PresentedCredentials {
  const assertion = form.get('client_assertion');
  const type = form.get('client_assertion_type');
  const secret = form.get('client_secret');
  const clientId = form.get('client_id');
  const ways = [assertion ?? type, secret, authorization].filter((way) => way !== undefined).length;
  if (ways > 1) throw malformed('Authenticate in one way.');
  if (authorization !== undefined) return readBasic(authorization, clientId);
  if (secret !== undefined) {
    if (clientId === undefined) throw malformed('Send client_id with client_secret.');
    return { method: 'client_secret_post', clientId, secret };
  }
  if (assertion === undefined && type === undefined) {
    throw new OauthRefusal(401, 'invalid_client', 'Authenticate with client_assertion.', {
      reason: 'oauth.method',
    });
  }
  if (assertion === undefined || type !== assertionType) {
    throw malformed(`Send client_assertion with client_assertion_type ${assertionType}.`);
  }
  return { method: 'private_key_jwt', assertion, clientId };
}

/** RFC 6749, section 2.3.1: both halves are form-encoded first. */
function readBasic(authorization: string, named: string | undefined): PresentedCredentials {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const at = text.indexOf(':');
  const [clientId, secret] = [decode(text.slice(0, Math.max(at, 0))), decode(text.slice(at + 1))];
  if (at < 1 || clientId === undefined || secret === undefined || secret === '') {
    throw new OauthRefusal(401, 'invalid_client', 'The Authorization header cannot be read.', {
      headers: { 'www-authenticate': 'Basic realm="oauth"' },
      reason: 'oauth.method',
    });
  }
  if (named !== undefined && named !== clientId) throw malformed('client_id names another client.');
  return { method: 'client_secret_basic', clientId, secret };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function malformed(text: string): OauthRefusal {
  return new OauthRefusal(400, 'invalid_request', text);
}
