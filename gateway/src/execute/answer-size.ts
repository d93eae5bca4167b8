/** An answer that could not be sent, since it has no room among those that wait for their clients. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';

  constructor(maxBytes: number) {
    super(
      `an answer would take more than ${maxBytes} bytes, half of MAX_ANSWER_BYTES: subgraphs sent long values that stand at many places of it`,
    );
  }
}

/** What a field, or an item of a list, takes in memory beside its text. */
const bytesPerPlace = 32;

/**
 * Counts an answer while it is put together. An answer of a subgraph has its limit, but what it holds of one entity belongs to every place where
 * the entity stands: 2 MB at 500 places would fill the memory, and keep the process from everybody else meanwhile.
 */
export class AnswerSize {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {AnswerTooLargeError} */
  addPlace(): void {
    this.#add(bytesPerPlace);
  }

  /**
   * Counts a value of a leaf, which for a custom scalar is any JSON.
   *
   * @throws {AnswerTooLargeError}
   */
  addValue(value: unknown): void {
    if (typeof value === 'string') this.#add(value.length);
    else if (typeof value === 'object' && value !== null) {
      for (const key in value) {
        this.#add(bytesPerPlace + key.length);
        this.addValue((value as Record<string, unknown>)[key]);
      }
    }
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) throw new AnswerTooLargeError(this.#maxBytes);
  }
}
