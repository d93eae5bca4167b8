/** Gives a value for a label: the text itself while there is room for it, else `other`. */
export type BoundedLabel = (text: string) => string;

export const otherValue = 'other';

/**
 * Keeps the first `limit` texts that it is asked for. A series lives as long as the process, so a text that a client chooses, such as the
 * name of an operation, must not make one of its own each time.
 *
 * @param known texts that have a place whatever clients send.
 */
export function boundedLabel(limit: number, known: Iterable<string> = []): BoundedLabel {
  const kept = new Set<string>();
  for (const text of known) if (kept.size < limit) kept.add(text);
  return (text) => {
    if (kept.has(text)) return text;
    if (kept.size >= limit) return otherValue;
    kept.add(text);
    return text;
  };
}
