import { createFairQueue } from '@signet/flow';
import { createShares, type Held } from '../admission/shares.ts';

/** The fetches to one address of a subgraph, shared between callers. */
export type FetchTurns = {
  /**
   * Runs a fetch when its caller may have a connection. Callers take turns, and none holds more connections than are free.
   *
   * @throws {NoTurnError} when the caller had no turn within `timeoutMs`, or too many fetches wait.
   */
  run<T>(caller: string, timeoutMs: number, fetch: () => Promise<T>): Promise<T>;
};

/** Others use the connections. This says nothing about the subgraph. */
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
  const wait = (caller: string, timeoutMs: number): Promise<Held> =>
    new Promise((resolve, reject) => {
      const refuse = () => reject(new NoTurnError('no connection to the subgraph was free'));
      const timer = setTimeout(() => {
        waiting.remove(caller, item);
        refuse();
      }, timeoutMs);
      const item: Waiting = {
        begin(held) {
          clearTimeout(timer);
          resolve(held);
        },
        drop() {
          clearTimeout(timer);
          refuse();
        },
      };
      waiting.push(caller, item)?.drop();
    });

  return {
    async run(caller, timeoutMs, fetch) {
      const held = shares.take(groupOf(caller)) ?? (await wait(caller, timeoutMs));
      try {
        return await fetch();
      } finally {
        held.giveBack();
        beginNext();
      }
    },
  };
}
