import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { outsideRequests } from '@signet/db';

/** Which assertions were used. */
export type UsedAssertions = {
  /**
   * True for the first who comes with it, at whichever replica; false for all others.
   *
   * @param clientId whose `jti` it is: one client uses up nothing of another's.
   * @throws where it cannot be noted: then it must not be used.
   */
  use(clientId: string, tokenId: string, expiresAt: Date): Promise<boolean>;
};

type Noted = { hash: Buffer; expiresAt: Date };
type Waiting = Noted & { key: string; resolve(isFirst: boolean): void; reject(error: unknown): void };

/** The most in one statement. */
const maxBatch = 500;

/**
 * Notes assertions in batches: while a statement is under way, those that come wait for the next one. So a busy process sends few, and an
 * idle one waits for nothing.
 *
 * @param insert gives the hashes, in hex, of those that were new.
 */
export function createUsedAssertions(
  insert: (assertions: readonly Noted[]) => Promise<ReadonlySet<string>>,
): UsedAssertions {
  let waiting: Waiting[] = [];
  let isSending = false;
  const sendAll = async () => {
    isSending = true;
    while (waiting.length > 0) {
      // What the sockets bring in this turn of the event loop goes with it: a statement costs more than an assertion.
      await nextTurn();
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      await send(batch, insert);
    }
    isSending = false;
  };
  return {
    use(clientId, tokenId, expiresAt) {
      const hash = createHash('sha256').update(`${clientId}\n${tokenId}`).digest();
      return new Promise((resolve, reject) => {
        waiting.push({ hash, key: hash.toString('hex'), expiresAt, resolve, reject });
        // For all who wait: not by the deadline and the share of whoever happened to come first.
        if (!isSending) void outsideRequests(sendAll);
      });
    },
  };
}

async function send(
  batch: readonly Waiting[],
  insert: (assertions: readonly Noted[]) => Promise<ReadonlySet<string>>,
): Promise<void> {
  // Of several of one statement, the first is the first.
  const firsts = new Map<string, Waiting>();
  for (const one of batch) {
    if (firsts.has(one.key)) one.resolve(false);
    else firsts.set(one.key, one);
  }
  try {
    const inserted = await insert([...firsts.values()]);
    for (const [key, one] of firsts) one.resolve(inserted.has(key));
  } catch (error) {
    for (const one of firsts.values()) one.reject(error);
  }
}
