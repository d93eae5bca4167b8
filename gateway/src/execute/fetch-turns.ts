import { createFairQueue } from '@signet/flow';
import { createShares, type Held } from '../admission/shares.ts';

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
type Patience = { timeoutMs: number; leaves?: AbortSignal | undefined };

/** Others use the connections, or nobody needs the fetch. This says nothing about the subgraph. */
export class NoTurnError extends Error {
  override readonly name = 'NoTurnError';
}

/** More than an entrance's operations cause by default: a fetch waits rather than fails. */
const maxWaiting = 4096;

type Waiting = { begin(held: Held): void; drop(): void };

export function createFetchTurns(connections: number): FetchTurns {
  const shares = createShares(connections);
  const waiting = createFairQueue<Waiting>(maxWaiting);
  const groupOf = (caller: string) => [{ key: caller, part: 1 }];
  const isFreeFor = (caller: string) => shares.findFull(groupOf(caller)) === undefined;

  const beginNext = () => {
    for (;;) {
      const next = waiting.take(isFreeFor);
      const held = next && shares.take(groupOf(next.caller));
      if (!next || !held) return;
      next.item.begin(held);
    }
  };
  const wait = (caller: string, { timeoutMs, leaves }: Patience): Promise<Held> =>
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
        begin(held) {
          end();
          resolve(held);
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
      const held = shares.take(groupOf(caller)) ?? (await wait(caller, patience));
      try {
        return await fetch();
      } finally {
        held.giveBack();
        beginNext();
      }
    },
    dropWaiting() {
      for (let next = waiting.take(); next; next = waiting.take()) next.item.drop();
    },
  };
}
