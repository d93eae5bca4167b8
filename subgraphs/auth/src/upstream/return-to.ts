const maxLength = 500;

/**
 * Whether people may come back to a URL: it is of one of the origins, and written as a browser would write it. What a browser reads in
 * another way than this process (`\`, a user before the host, other letters that look like dots or slashes, an escape from the path) is not
 * its own spelling, and is refused without looking further. The fragment is ours.
 */
export function isReturnUrl(text: string, origins: readonly string[]): boolean {
  if (text.length > maxLength) return false;
  const url = URL.parse(text);
  if (!url || url.href !== text || text.includes('#')) return false;
  // `blob:https://shop.example/x` has the origin of what it names.
  if (!/^https?:$/.test(url.protocol)) return false;
  return url.username === '' && url.password === '' && origins.includes(url.origin);
}

/** The URL with parameters in the fragment, which no server and no log gets. */
export function withFragment(url: string, parameters: Readonly<Record<string, string>>): string {
  return `${url}#${new URLSearchParams(parameters)}`;
}
