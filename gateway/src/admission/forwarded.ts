/**
 * Reads the header Forwarded (RFC 7239, section 4): the `for` of each element, the nearest hop last. Undefined for an element
 * that names no address: `unknown`, an obfuscated identifier, another form than section 6 allows, or no `for` at all.
 *
 * It is read from the right. What a trusted proxy appended is well formed, so a quotation mark that a client left open before it
 * can't swallow it. A header that is well formed reads the same from both ends.
 */
export function readForwarded(header: string): (string | undefined)[] {
  return split(header, ',').map(readElement);
}

const pair = /^([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")$/;

function readElement(element: string): string | undefined {
  const pairs = split(element, ';')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => pair.exec(text));
  const named = pairs.filter((match) => match?.[1]?.toLowerCase() === 'for');
  // A parameter may occur once only.
  const [value] = named.length === 1 ? named : [];
  if (!value || pairs.includes(null)) {
    return undefined;
  }
  const [, , token, quoted] = value;
  return readNode(token ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
}

/** A node without its port (section 6): an IPv4 address, or an IPv6 address in brackets. */
const node = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([\da-f.]*:[\da-f:.]*)\])(?::(?:\d{1,5}|_[\w.-]+))?$/i;

function readNode(text: string): string | undefined {
  const match = node.exec(text);
  return match?.[1] ?? match?.[2];
}

/** Splits at a separator outside quoted strings. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let end = text.length;
  let isQuoted = false;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] === '"' && !isEscaped(text, at)) {
      isQuoted = !isQuoted;
    } else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(at + 1, end));
      end = at;
    }
  }
  parts.push(text.slice(0, end));
  return parts.toReversed();
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}
