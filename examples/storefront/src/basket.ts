import { useSession } from '@signet/client/react';
import { useEffect, useRef, useSyncExternalStore } from 'react';

export type BasketItem = { readonly productId: string; readonly quantity: number };
export type Basket = {
  readonly items: readonly BasketItem[];
  /** The order's idempotency key: the same however often the same basket is sent, also after a reload. */
  readonly key: string;
  /** The account that it belongs to. Undefined: somebody's who is not signed in yet. */
  readonly owner?: string | undefined;
};

const place = 'basket';
export const maxQuantity = 99;
const listeners = new Set<() => void>();
let text = '';
let basket: Basket = createBasket([]);

function createBasket(items: readonly BasketItem[], owner?: string): Basket {
  return { items, key: crypto.randomUUID(), ...(owner && { owner }) };
}

/** The basket stays in the browser, so that it outlives a reload and the session. Other tabs see each change. */
function read(): Basket {
  const stored = attempt(() => localStorage.getItem(place)) ?? text;
  if (stored === text) return basket;
  text = stored;
  basket = attempt(() => parse(stored)) ?? createBasket([]);
  return basket;
}

function write(next: Basket): void {
  basket = next;
  text = JSON.stringify(next);
  attempt(() => localStorage.setItem(place, text));
  for (const listener of listeners) listener();
}

/** A private window may have no storage: then the basket lives as long as the page. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** What another version of this page may have written counts as nothing. */
function parse(stored: string): Basket {
  const { items, key, owner } = JSON.parse(stored) as Partial<Basket>;
  if (typeof key !== 'string' || !Array.isArray(items)) throw new Error('not a basket');
  const isItem = ({ productId, quantity }: BasketItem) =>
    typeof productId === 'string' && Number.isInteger(quantity) && quantity > 0 && quantity <= maxQuantity;
  return { items: items.filter(isItem), key, owner: typeof owner === 'string' ? owner : undefined };
}

/** Another quantity of a product; 0 takes it out. Another basket is another order: it gets a key of its own. */
export function setQuantity(productId: string, quantity: number): void {
  const { items, owner } = read();
  const bounded = Math.max(0, Math.min(maxQuantity, Math.trunc(quantity) || 0));
  const others = items.filter((item) => item.productId !== productId);
  const at = items.findIndex((item) => item.productId === productId);
  if (bounded > 0) others.splice(at < 0 ? others.length : at, 0, { productId, quantity: bounded });
  write(createBasket(others, owner));
}

export function addToBasket(productId: string): void {
  const known = read().items.find((item) => item.productId === productId)?.quantity ?? 0;
  setQuantity(productId, known + 1);
}

export function emptyBasket(): void {
  write(createBasket([], read().owner));
}

export function useBasket(): Basket {
  return useSyncExternalStore(subscribe, read);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

/**
 * Who signs out, or in as somebody else, leaves no basket to the next person. Where the session ended by itself, it stays; so does the basket of a
 * member of staff who stops acting as a customer.
 */
export function useBasketOwner(): void {
  const session = useSession();
  const actor = session.status === 'signed-in' ? session.account.actedBy : undefined;
  const lastActor = useRef(actor);
  const owner = session.status === 'signed-in' && !session.account.actedBy ? session.account.id : undefined;
  const isLeft = session.status === 'signed-out' && session.reason === 'signed-out';
  useEffect(() => {
    if (actor || owner) lastActor.current = actor;
    if (lastActor.current) return;
    const { items, owner: before } = read();
    if (isLeft && before) write(createBasket([]));
    else if (owner && before && before !== owner) write(createBasket([], owner));
    else if (owner && before !== owner) write({ ...read(), items, owner });
  }, [actor, owner, isLeft]);
}
