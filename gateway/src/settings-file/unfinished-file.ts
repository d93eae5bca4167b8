const advice = 'write a new file beside it and rename that';

/**
 * Why a changed configuration file looks as if somebody had stopped halfway. Half a YAML file is often a valid one, in which the rules of the
 * other half are missing.
 *
 * @returns the fault, or undefined where the file looks complete
 */
export function findUnfinished(path: string, text: string): string | undefined {
  return text.endsWith('\n') || (path.endsWith('.json') && isJson(text))
    ? undefined
    : `${path}: does not end with a line break, as if it were half written; ${advice}`;
}

/**
 * Whether a changed file is the beginning of the one that is served: either its end was deleted, or somebody is still writing it. Only time
 * tells.
 */
export function lacksOnlyItsEnd(text: string, servedText: string): boolean {
  return text.length < servedText.length && servedText.startsWith(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
