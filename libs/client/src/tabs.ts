import type { SignetError } from './errors.ts';

/** What tabs of one origin tell each other. It stays in memory: nothing is written to storage. */
export type TabMessage =
  | { kind: 'token'; accessToken: string; remainingMs: number }
  /** This session is over, in every tab; without an id: whichever this browser had. */
  | { kind: 'ended'; reason: string; id: string | undefined }
  /** Auth asked to be left alone for the error's `retryAfterSeconds`. */
  | { kind: 'pause'; error: SignetError }
  /** Who has a token? Holders answer with `token`, and whoever was told to pause with `pause`. */
  | { kind: 'ask' };

export type Tabs = {
  send(message: TabMessage): void;
  /**
   * Runs `work` in one tab at a time. `work` learns whether another tab was at it just before.
   * Where a browser gives no lock (plain http elsewhere than on localhost, a sandboxed frame), each tab runs its own.
   */
  alone<T>(work: (waited: boolean) => Promise<T>): Promise<T>;
  close(): void;
};

/** A tab that holds the lock for longer is frozen: a request is given up before. */
const lockTimeoutMs = 35_000;

/** A page of a browser, or a worker of one: it has cookies, and other tabs beside it. */
export function isBrowser(): boolean {
  return 'document' in globalThis || ('WorkerGlobalScope' in globalThis && 'location' in globalThis);
}

/**
 * Connects the tabs of a browser. Elsewhere, on a server for example, two clients may stand for two people: they share nothing.
 *
 * @param name shared by all tabs of one platform and entrance
 */
export function connectTabs(name: string, onMessage: (message: TabMessage) => void): Tabs {
  if (!isBrowser()) return { send() {}, alone: createQueue(), close() {} };
  const queue = createQueue();
  let channel: InstanceType<typeof BroadcastChannel> | undefined;
  try {
    channel = new BroadcastChannel(name);
    channel.onmessage = (event: unknown) => {
      try {
        onMessage((event as { data: TabMessage }).data);
      } catch {
        // A tab with another version of this client says something else.
      }
    };
  } catch {
    // An old browser, or a sandboxed frame. Other tabs learn at their next operation what happened here.
  }
  return {
    send: (message) => channel?.postMessage(message),
    async alone(work) {
      const locks = globalThis.navigator?.locks;
      if (!locks) return queue(work);
      let isBegun = false;
      const begin = (waited: boolean) => {
        isBegun = true;
        return work(waited);
      };
      try {
        const done = await locks.request(name, { ifAvailable: true }, async (lock) => {
          return lock ? { value: await begin(false) } : undefined;
        });
        if (done) return done.value;
        return await locks.request(name, { signal: AbortSignal.timeout(lockTimeoutMs) }, () => begin(true));
      } catch (error) {
        if (isBegun) throw error;
        return queue(() => work(true));
      }
    },
    close() {
      channel?.close();
      // A closed channel throws where something is sent on it.
      channel = undefined;
    },
  };
}

/** Runs one after the other, in this tab or process. */
function createQueue(): Tabs['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(() => work(false));
    last = next.catch(() => undefined);
    return next;
  };
}
