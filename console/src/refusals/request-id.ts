const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const named = /request-?id["'\s]*[:=]\s*["']?([\x21-\x7e]{1,200}?)(?=["',;}\s]|$)/i;

/**
 * The request id in what somebody pasted: an id, a whole error as JSON, a line of headers or of a log. What is named as one comes before anything that
 * only looks like one. Undefined where there is none.
 */
export function findRequestId(pasted: string): string | undefined {
  const text = pasted.trim();
  const found = named.exec(text)?.[1] ?? uuid.exec(text)?.[0];
  if (found !== undefined) return found;
  return /^[A-Za-z0-9._-]{1,64}$/.test(text) ? text : undefined;
}
