const quote = 0x22;
const backslash = 0x5c;

/**
 * Whether no object in a JSON text has two members with one name. `JSON.parse` keeps the last; whatever reads the same token elsewhere may keep
 * the first (RFC 7519, section 4; RFC 8725, section 2.3).
 *
 * @param json a text that `JSON.parse` accepts.
 */
export function hasOneMeaning(json: string): boolean {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (char === '{' || char === '[') open.push(new Set());
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const end = findEnd(json, at);
      if (isName(json, end)) {
        const name = JSON.parse(json.slice(at, end)) as string;
        const names = open.at(-1);
        if (names?.has(name)) return false;
        names?.add(name);
      }
      at = end - 1;
    }
  }
  return true;
}

/** The place behind the string that begins at `start`. */
function findEnd(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at += 1;
  }
  return json.length;
}

/** Whether a colon follows, which makes a string the name of a member. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (json.charCodeAt(at) <= 0x20) at += 1;
  return json[at] === ':';
}
