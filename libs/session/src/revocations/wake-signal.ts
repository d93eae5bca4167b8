/** Lets one loop sleep until somebody wakes it. A call while it is awake counts for its next sleep. */
export class WakeSignal {
  #isRaised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#isRaised = true;
    this.#wake?.();
  }

  clear(): void {
    this.#isRaised = false;
  }

  /** Resolves when raised, at once if that was since `clear`, or after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.#isRaised) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
