import { createFairQueue } from '@signet/flow';
import type { ClientWatch } from '../entrance/request-context.ts';

/** The fetches to one address of a subgraph, shared between callers. */
export type FetchTurns = {
  /**
   * Takes a connection for a fetch of the caller. Callers take turns, and none holds more connections than are free. Give it back by
   * `giveBack`.
   *
   * @returns undefined where there is one at once; else a promise, which rejects with NoTurnError when the caller had no turn within
   * `timeoutMs`, too many fetches wait, `leaves` was aborted while this one waited, or `dropWaiting` was called.
   */
  take(caller: string, { timeoutMs, leaves }: Patience): Promise<void> | undefined;
  giveBack(caller: string): void;
  /**
   * Runs a fetch when its caller may have a connection.
   *
   * @throws {NoTurnError} as `take`
   */
  run<T>(caller: string, patience: Patience, fetch: () => Promise<T>): Promise<T>;
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

/** Callers without a connection that are kept: a Map whose entries come and go allocates a table every some dozen of them. */
const maxIdleCallers = 250;

type Waiting = { begin(): void; drop(): void };

export function createFetchTurns(connections: number): FetchTurns {
  const heldBy = new Map<string, number>();
  let free = connections;
  const waiting = createFairQueue<Waiting>(maxWaiting);
  // No caller holds more than what is still free, as in admission/shares.ts.
  const isFreeFor = (caller: string) => (heldBy.get(caller) ?? 0) < free;
  const takeFor = (caller: string, held: number) => {
    free -= 1;
    heldBy.set(caller, held + 1);
  };
  const giveBack = (caller: string) => {
    free += 1;
    heldBy.set(caller, (heldBy.get(caller) ?? 1) - 1);
    if (heldBy.size > maxIdleCallers + connections) forgetIdle(heldBy);
    if (waiting.length > 0) beginNext();
  };
  const beginNext = () => {
    for (let next = waiting.take(isFreeFor); next; next = waiting.take(isFreeFor)) {
      takeFor(next.caller, heldBy.get(next.caller) ?? 0);
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

  const take = (caller: string, patience: Patience) => {
    const held = heldBy.get(caller) ?? 0;
    if (held >= free) return wait(caller, patience);
    takeFor(caller, held);
    return undefined;
  };

  return {
    take,
    giveBack,
    async run(caller, patience, fetch) {
      const turn = take(caller, patience);
      if (turn) await turn;
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

function forgetIdle(heldBy: Map<string, number>): void {
  for (const [caller, held] of heldBy) if (held === 0) heldBy.delete(caller);
}
