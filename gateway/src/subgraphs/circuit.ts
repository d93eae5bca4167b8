/** Whether a subgraph is there at all. While it is not, fetches are refused without a wait. */
export type Circuit = {
  isOpen(): boolean;
  /** A fetch failed, or waits for long: asks the subgraph itself, once for all who doubt at the time. */
  suspect(): void;
  stop(): void;
};

type CircuitOptions = {
  /** Asks the subgraph for a sign of life, within a time of its own. */
  probe(): Promise<boolean>;
  onChange(isOpen: boolean): void;
  /** Between two probes at first; while it stays open, up to four times as long. */
  pauseMs?: number;
};

const defaultPauseMs = 250;

/**
 * A circuit breaker that no caller can open. A failed fetch only raises a doubt, since callers choose what they fetch and
 * how slow that is; the subgraph's own sign of life decides, and closes it again. No request has to serve as a probe.
 */
export function createCircuit({ probe, onChange, pauseMs = defaultPauseMs }: CircuitOptions): Circuit {
  let isOpen = false;
  let isAsking = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const ask = async (pause: number) => {
    isAsking = true;
    const isAlive = await probe().catch(() => false);
    if (isStopped) return;
    if (isOpen === isAlive) {
      isOpen = !isAlive;
      onChange(isOpen);
    }
    // The pause holds after a good answer too: a flood of failing fetches is no flood of probes.
    timer = setTimeout(() => {
      isAsking = false;
      if (isOpen) void ask(Math.min(pause * 2, pauseMs * 4));
    }, pause).unref();
  };

  return {
    isOpen: () => isOpen,
    suspect() {
      if (!isAsking && !isStopped) void ask(pauseMs);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
