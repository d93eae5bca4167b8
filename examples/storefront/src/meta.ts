/** A setting of this page, from `<meta name="signet-…">` of index.html: the built page fits every address of the API. */
export function readMeta(name: 'url' | 'providers'): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="signet-${name}"]`)?.content ?? '';
}

/** Identity providers that customers can sign in at. */
export const providers: readonly string[] = readMeta('providers')
  .split(',')
  .map((name) => name.trim())
  .filter(Boolean);
