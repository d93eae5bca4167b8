/** The names from the outermost claim inwards. */
export type ClaimPath = readonly string[];

const plainName = /[^.[\]"\s]+/y;
const quotedName = /\["((?:[^"\\]|\\["\\])+)"\]/y;
const uriName = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;

/**
 * Reads the place of a claim in a token:
 *
 * - `scope`, `cognito:groups`: a claim of the token.
 * - `realm_access.roles`: a member of a claim that is an object.
 * - `https://example.com/roles`: one claim. A text with `://` is one name, whatever dots it has (RFC 7519, section 4.2).
 * - `resource_access["my.api"].roles`: quotes in brackets hold any name; inside them `\"` and `\\` are a quote and a backslash.
 *
 * @returns undefined for any other text.
 */
export function parseClaimPath(text: string): ClaimPath | undefined {
  if (uriName.test(text)) return [text];
  const names: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = matchAt(quotedName, text, at);
    if (quoted) {
      names.push((quoted[1] as string).replace(/\\(.)/g, '$1'));
      at += quoted[0].length;
      continue;
    }
    // A dot stands between names, and never before a bracket.
    if (names.length > 0 && text[at] !== '.') return undefined;
    const plain = matchAt(plainName, text, names.length > 0 ? at + 1 : at);
    if (!plain) return undefined;
    at += plain[0].length + (names.length > 0 ? 1 : 0);
    names.push(plain[0]);
  }
  return names.length > 0 ? names : undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * The value at a path. Looks only at an object's own members, so that no name finds what every object has.
 *
 * @returns undefined where the claim, or a part of the path, is not there.
 */
export function readClaim(claims: object, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
