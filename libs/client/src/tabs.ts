/** What tabs of one origin tell each other. It stays in memory: nothing is written to storage. */
export type TabMessage =
  | { kind: 'token'; accessToken: string; remainingMs: number }
  /** The session is over, in every tab. */
  | { kind: 'ended'; reason: string }
  /** Who has a token? Holders answer with `token`. */
  | { kind: 'ask' };

export type Tabs = {
  send(message: TabMessage): void;
  /**
   * Runs `work` in one tab at a time. `work` learns whether another tab was at it just before.
   * Where a browser has no Web Locks (plain http elsewhere than on localhost), each tab runs its own.
   */
  alone<T>(work: (waited: boolean) => Promise<T>): Promise<T>;
  close(): void;
};

/**
 * Connects the tabs of a browser. Elsewhere, on a server for example, two clients may stand for two people: they share nothing.
 *
 * @param name shared by all tabs of one platform and entrance
 */
export function connectTabs(name: string, onMessage: (message: TabMessage) => void): Tabs {
  if (!('document' in globalThis)) return { send() {}, alone: createQueue(), close() {} };
  let channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
  const queue = createQueue();
  if (channel) {
    channel.onmessage = (event) => onMessage((event as { data: TabMessage }).data);
  }
  return {
    send: (message) => channel?.postMessage(message),
    async alone(work) {
      const locks = globalThis.navigator?.locks;
      if (!locks) return queue(work);
      const done = await locks.request(name, { ifAvailable: true }, async (lock) => {
        return lock ? { value: await work(false) } : undefined;
      });
      if (done) return done.value;
      return locks.request(name, () => work(true));
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
