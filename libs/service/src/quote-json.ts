// Beyond this length the engine's own writer is faster.
const maxPlainLength = 64;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON writes these as escapes.
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Writes a text as JSON. */
export function quoteJson(text: string): string {
  return text.length <= maxPlainLength && !escaped.test(text) ? `"${text}"` : JSON.stringify(text);
}
