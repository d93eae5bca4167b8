/** Knows whether a subgraph answers at all. While it does not, fetches are refused without a wait. */
export type Circuit = {
  isOpen(): boolean;
  /** A fetch has failed or waits for long. Asks the subgraph itself, once for all callers that suspect it at the time. */
  suspect(): void;
  stop(): void;
};

type CircuitOptions = {
  /** Asks the subgraph whether it is alive. Has a timeout of its own. */
  probe(): Promise<boolean>;
  onChange(isOpen: boolean): void;
  /** The first pause between two probes, in ms. While the circuit stays open, the pause grows to four times as long. */
  pauseMs?: number;
};

const defaultPauseMs = 250;

/**
 * A circuit breaker that no caller can open. A failed fetch only raises a suspicion, since callers choose what they
 * fetch and how slow that is. The health check of the subgraph opens and closes the circuit. No request has to serve as
 * a probe.
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
    // The pause also follows a good answer, so that a flood of failing fetches does not become a flood of probes.
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
