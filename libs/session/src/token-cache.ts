/**
 * Keeps at least the `maxEntries / 2` entries used last, and never more than `maxEntries`: two generations, of which the
 * older is dropped when the younger is full. Cheaper on a hit than a list in order of use.
 */
export class TokenCache<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  readonly #generationSize: number;

  constructor(maxEntries: number) {
    this.#generationSize = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(token: string): T | undefined {
    const entry = this.#young.get(token);
    if (entry !== undefined) return entry;
    const older = this.#old.get(token);
    if (older !== undefined) this.set(token, older);
    return older;
  }

  set(token: string, entry: T): void {
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(token, entry);
  }

  delete(token: string): void {
    this.#young.delete(token);
    this.#old.delete(token);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
