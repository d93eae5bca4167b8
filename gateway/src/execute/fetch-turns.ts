import { createFairQueue } from '@signet/flow';
import type { ClientWatch } from '../entrance/request-context.ts';

/** The fetches to one address of a subgraph, shared between callers. */
export type FetchTurns = {
  /**
   * Runs a fetch when its caller may have a connection. Callers take turns, and none holds more connections than are free.
   *
   * @throws {NoTurnError} when the caller had no turn within `timeoutMs`, too many fetches wait, `leaves` was aborted while
   * this one waited, or `dropWaiting` was called.
   */
  run<T>(caller: string, { timeoutMs, leaves }: Patience, fetch: () => Promise<T>): Promise<T>;
  /** Ends the wait of all fetches. Those that run go on. */
  dropWaiting(): void;
};

/** How long a fetch waits for its turn. Without `leaves`, nothing but time ends the wait. */
type Patience = { timeoutMs: number; leaves?: ClientWatch | undefined };

/** Others use the connections, or nobody needs the fetch. This says nothing about the subgraph. */
export class NoTurnError extends Error {
  override readonly name = 'NoTurnError';
}

/** More than an entrance's operations cause by default: a fetch waits rather than fails. */
const maxWaiting = 4096;

type Waiting = { begin(): void; drop(): void };

export function createFetchTurns(connections: number): FetchTurns {
  const heldBy = new Map<string, number>();
  let free = connections;
  const waiting = createFairQueue<Waiting>(maxWaiting);
  // No caller holds more than what is still free, as in admission/shares.ts.
  const isFreeFor = (caller: string) => (heldBy.get(caller) ?? 0) < free;
  const take = (caller: string) => {
    free -= 1;
    heldBy.set(caller, (heldBy.get(caller) ?? 0) + 1);
  };
  const giveBack = (caller: string) => {
    free += 1;
    const held = (heldBy.get(caller) ?? 0) - 1;
    if (held > 0) heldBy.set(caller, held);
    else heldBy.delete(caller);
    if (waiting.length > 0) beginNext();
  };
  const beginNext = () => {
    for (let next = waiting.take(isFreeFor); next; next = waiting.take(isFreeFor)) {
      take(next.caller);
      next.item.begin();
    }
  };
  const wait = (caller: string, { timeoutMs, leaves }: Patience): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = () => {
        waiting.remove(caller, item);
        item.drop();
      };
      const timer = setTimeout(leave, timeoutMs);
      leaves?.addEventListener('abort', leave);
      const end = () => {
        clearTimeout(timer);
        leaves?.removeEventListener('abort', leave);
      };
      const item: Waiting = {
        begin() {
          end();
          resolve();
        },
        drop() {
          end();
          reject(new NoTurnError('no connection to the subgraph was free'));
        },
      };
      waiting.push(caller, item)?.drop();
    });

  return {
    async run(caller, patience, fetch) {
      if (isFreeFor(caller)) take(caller);
      else await wait(caller, patience);
      try {
        return await fetch();
      } finally {
        giveBack(caller);
      }
    },
    dropWaiting() {
      for (let next = waiting.take(); next; next = waiting.take()) next.item.drop();
    },
  };
}
