import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, reasonsOf } from '@signet/testing';
import { type Caller, MixedLoad } from '../chaos/mixed-load.test-support.ts';

/** A request that went wrong for its client: without an answer, or with errors. */
export type FailedRequest = { isMutation: boolean; reasons: string[] };

const refreshOperation =
  'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }';

/** The mixed load, which also keeps each request that failed, and customers who refresh their tokens. */
export class CountedLoad extends MixedLoad {
  failed: FailedRequest[] = [];
  readonly #asked = new Set<Promise<unknown>>();
  #going = Promise.withResolvers<void>();

  constructor() {
    super();
    this.#going.resolve();
  }

  /** Nobody asks until `resume`: the machine is needed for something else. */
  pause(): void {
    this.#going = Promise.withResolvers();
  }

  resume(): void {
    this.#going.resolve();
  }

  /** Resolves when every request that is under way now has ended, and is counted where it failed. */
  async untilAnswered(): Promise<void> {
    await Promise.all(this.#asked);
    await setImmediate();
  }

  override abandon(): void {
    super.abandon();
    this.resume();
  }

  override async ask(caller: Caller, query: string, variables = {}): Promise<GraphqlAnswer | undefined> {
    await this.#going.promise;
    const asked = super.ask(caller, query, variables);
    this.#asked.add(asked);
    const answer = await asked;
    this.#asked.delete(asked);
    const reasons = answer ? reasonsOf(answer) : ['no answer'];
    if (reasons.length > 0) this.failed.push({ isMutation: /^\s*mutation/.test(query), reasons });
    return answer;
  }

  /**
   * Refreshes the caller's tokens, again and again. After a failure the same token is sent again, as clients do: it must be accepted,
   * whichever replica took it before.
   */
  createRefreshing(caller: Caller, refreshToken: string): () => Promise<boolean> {
    let current = refreshToken;
    return async () => {
      // A session refreshes once a second.
      await sleep(1000);
      for (let tries = 1; !this.isAbandoned; tries += 1) {
        const answer = await this.ask({ ...caller, token: '' }, refreshOperation, {
          input: { refreshToken: current },
        });
        const tokens = answer?.body.data?.refresh;
        if (answer) this.judge(answer, Boolean(tokens));
        if (tokens) {
          current = tokens.refreshToken;
          caller.token = tokens.accessToken;
          return tries === 1;
        }
        await sleep(150);
      }
      return false;
    };
  }
}
