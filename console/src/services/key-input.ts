/** What somebody put into the field for a key. */
export type KeyInput =
  | { kind: 'jwk'; jwk: Record<string, unknown> }
  | { kind: 'url'; jwksUrl: string }
  /** It must not be sent, nor stay in the field. */
  | { kind: 'private' }
  | { kind: 'unreadable' };

/** Members of a JWK that only a private or symmetric key has (RFC 7518, section 6). */
const privateMembers = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/**
 * Reads a public JWK (RFC 7517), or the address of a set of them. A private key is found wherever it is: within a set, within a text that was cut
 * off and is no JSON any more, and as PEM.
 */
export function readKeyInput(input: string): KeyInput {
  const text = input.trim();
  if (isPrivateText(text)) return { kind: 'private' };
  if (/^https:\/\//i.test(text) && URL.canParse(text)) return { kind: 'url', jwksUrl: text };
  try {
    const jwk: unknown = JSON.parse(text);
    if (holdsPrivateMember(jwk)) return { kind: 'private' };
    if (isObject(jwk) && typeof jwk.kty === 'string') return { kind: 'jwk', jwk };
  } catch {
    // Not JSON.
  }
  return { kind: 'unreadable' };
}

function isPrivateText(text: string): boolean {
  return /PRIVATE KEY/i.test(text) || /["'](d|p|q|dp|dq|qi|oth|k)["']\s*:/.test(text);
}

/** Also a member whose name is written with escapes. */
function holdsPrivateMember(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsPrivateMember);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, one]) => privateMembers.has(name) || holdsPrivateMember(one));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
