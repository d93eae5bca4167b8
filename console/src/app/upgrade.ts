import { useSyncExternalStore } from 'react';

/* A tab that was open over an upgrade has scripts of the earlier console. The person decides when to load it again. */

let isOld = false;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether this tab should be loaded again. */
export function useIsOld(): boolean {
  return useSyncExternalStore(subscribe, () => isOld);
}

/** The server has refused an operation that this console was built with: it is another version. */
export function noteForeignContract(): void {
  isOld = true;
  for (const listener of listeners) listener();
}

/** Asks which script the page has now. Resolves to whether that is another than this tab's. */
export async function checkForUpgrade(): Promise<boolean> {
  const own = document.querySelector('script[type="module"][src]')?.getAttribute('src');
  try {
    const page = await fetch(import.meta.env.BASE_URL, { cache: 'no-store' });
    if (page.ok && own && !(await page.text()).includes(own)) noteForeignContract();
  } catch {
    // Offline: nothing is known.
  }
  return isOld;
}

/**
 * Loads the file of a screen. Where an upgrade has taken it away, the screen from which one comes stays as it is, with all that was typed
 * there, under the offer to load the page again.
 */
export function keepScreen<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    try {
      return await load();
    } catch (error) {
      if (await checkForUpgrade()) await new Promise(() => undefined);
      throw error;
    }
  };
}

const pauseMs = 5 * 60_000;
let checkedMs = Date.now();

/** Looks for an upgrade when the tab comes to the front, every five minutes at most. */
export function watchForUpgrade(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || isOld || Date.now() - checkedMs < pauseMs) return;
    checkedMs = Date.now();
    void checkForUpgrade();
  });
}
