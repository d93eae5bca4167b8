const maxLength = 500;

/**
 * Whether people may come back to a URL: it is one of the places, and written as a browser would write it. A place is an origin, with all of its
 * paths, or a URL with one path; a query is free, since it belongs to the page that reads it. What a browser reads in
 * another way than this process (`\`, a user before the host, other letters that look like dots or slashes, an escape from the path) is not
 * its own spelling, and is refused without looking further. The fragment is ours.
 */
export function isReturnUrl(text: string, places: readonly string[]): boolean {
  if (text.length > maxLength) return false;
  const url = URL.parse(text);
  if (!url || url.href !== text || text.includes('#')) return false;
  // `blob:https://shop.example/x` has the origin of what it names.
  if (!/^https?:$/.test(url.protocol)) return false;
  if (url.username !== '' || url.password !== '') return false;
  return places.includes(url.origin) || places.includes(url.origin + url.pathname);
}

/** The URL with parameters in the fragment, which no server and no log gets. */
export function withFragment(url: string, parameters: Readonly<Record<string, string>>): string {
  return `${url}#${new URLSearchParams(parameters)}`;
}
