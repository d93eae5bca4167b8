import type { PageRequest } from './pagination.ts';

/** A page of the rows that belong to one owner, such as the notes about a customer. Key of a loader; rows of many owners come together. */
export type OwnedPage<K> = { ownerId: string; page: PageRequest<K> };

/** DataLoader's `cacheKeyFn`. */
export function ownedPageKey<K>({ ownerId, page }: OwnedPage<K>): string {
  return `${ownerId} ${pageKey(page)}`;
}

/**
 * Loads pages of several owners. A list of owners is asked the same thing for each: `load` is called once for all of them,
 * not once for each, and returns all their rows, every owner's in order.
 */
export async function loadOwnedPages<K, R>(
  keys: readonly OwnedPage<K>[],
  ownerOf: (row: R) => string,
  load: (ownerIds: readonly string[], page: PageRequest<K>) => Promise<R[]>,
): Promise<R[][]> {
  const [only] = keys;
  if (only && keys.length === 1) return [await load([only.ownerId], only.page)];
  const found = new Map<string, Map<string, R[]>>();
  for (const [asked, group] of Map.groupBy(keys, ({ page }) => pageKey(page))) {
    const [{ page }] = group as [OwnedPage<K>];
    const ownerIds = group.map(({ ownerId }) => ownerId);
    found.set(asked, Map.groupBy(await load(ownerIds, page), ownerOf));
  }
  return keys.map(({ ownerId, page }) => found.get(pageKey(page))?.get(ownerId) ?? []);
}

function pageKey<K>({ first, after }: PageRequest<K>): string {
  return JSON.stringify([first, after]);
}
