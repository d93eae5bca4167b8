import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, reasonsOf } from '@signet/testing';

/** On a busy machine auth has too many passwords to hash, and says so: a client waits, then asks again. */
export async function askPatiently(ask: () => Promise<GraphqlAnswer>): Promise<GraphqlAnswer> {
  for (;;) {
    const answer = await ask();
    if (!reasonsOf(answer).includes('auth.throttled')) return answer;
    await sleep(500);
  }
}
