const advice = 'write a new file beside it and rename that';

/**
 * Why a changed configuration file looks as if somebody were still writing it, or had stopped halfway. Half a YAML file is often a valid
 * one, in which the rules of the other half are missing.
 *
 * @param servedText the text that is served now
 * @returns the fault, or undefined where the file looks complete
 */
export function findUnfinished(path: string, text: string, servedText: string): string | undefined {
  if (!text.endsWith('\n') && !(path.endsWith('.json') && isJson(text))) {
    return `${path}: does not end with a line break, as if it were half written; ${advice}`;
  }
  if (text.length < servedText.length && servedText.startsWith(text)) {
    return `${path}: is the beginning of the file that is served, as if it were half written; ${advice}. Where its end is to go for good, leave a comment in its place`;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
