/**
 * The token of a mail's link (docs/accounts.md). It is taken out of the address before anything else of the page runs: it stays in no history, no
 * bookmark and no copied address. A reload has none any more, and the page says so.
 */
let token: string | undefined;
const listeners = new Set<() => void>();

function take(): void {
  const found = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (found === undefined) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  token = found;
  for (const listener of [...listeners]) listener();
}

/** To be called before the router looks at the address. Another link may be opened in the same tab. */
export function watchLinks(): void {
  take();
  window.addEventListener('hashchange', take);
}

export const linkToken = {
  current: (): string | undefined => token,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  /** It was used, or is worth nothing. */
  drop(): void {
    token = undefined;
  },
};
